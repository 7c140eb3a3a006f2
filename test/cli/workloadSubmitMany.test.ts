import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Hex } from '../../sdk/src/chain/hex.js'
import { readRequests } from '../../sdk/src/cli/readRequests.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { runCli, type CliResult } from '../support/cli.js'
import { aProgram, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { networkOptions } from '../support/networkOptions.js'
import { useTemporaryDirectory } from '../support/temporary.js'

interface Answer {
  readonly nonce: number
  readonly fee: string
  readonly workloads: readonly {
    readonly nonce: number
    readonly workload: string
    readonly created: boolean
    readonly fee: string
    readonly transaction: string
    readonly inputs: string
  }[]
}

describe('cli: workload submit-many', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let program: Hex
  let settings: string[]

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    program = await aProgram(network, client)
    settings = [...networkOptions(network, directory()), '--store', 'content', '--key-file', 'key']
    await writeFile(join(directory(), 'key'), network.requester.privateKey, { mode: 0o600 })
    await mkdir(join(directory(), 'batch'))
    await writeFile(join(directory(), 'batch', 'words'), 'words')
  })
  after(() => network.chain.stop())

  const submit = (...more: string[]): Promise<CliResult> => {
    return runCli(['workload', 'submit-many', 'batch/requests', ...settings, ...more], { cwd: directory() })
  }
  const file = (text: string): Promise<void> => writeFile(join(directory(), 'batch', 'requests'), text)
  const lines = (...requests: object[]): Promise<void> => file(requests.map((each) => `${JSON.stringify(each)}\n`).join('\n')) // prettier-ignore
  const sent = (): Promise<number> => network.chain.provider.getTransactionCount(network.requester.address)
  const answerOf = (result: CliResult): Answer => {
    expect(result.code, result.stderr).to.equal(0)
    return result.json() as unknown as Answer
  }
  /** One of files, one of what is published already; both with the least fee. */
  const two = (): object[] => {
    const { digest, publicInputs } = someInputs()
    return [
      { program, maxRunTime: 60, input: { public_inputs: 'words' }, arg: ['7'] },
      { program, maxRunTime: 60, inputs: digest, publicInputsHash: publicInputs, redundancy: 2, rescue: 70 },
    ]
  }

  it('submits a file of lines in one transaction, and finds it when it is repeated with its nonce', async () => {
    await lines(...two())
    const first = answerOf(await submit('--deposit', '--json'))
    expect(first.workloads.map(({ created }) => created)).to.deep.equal([true, true])
    expect(first.workloads.map(({ nonce }) => nonce)).to.deep.equal([first.nonce, first.nonce + 1])
    expect(new Set(first.workloads.map(({ transaction }) => transaction)).size).to.equal(1)
    const quote = (redundancy: number) => client.quote({ program, maxRunTime: 60, redundancy })
    const fees = [(await quote(1)).minimumFee, (await quote(2)).minimumFee]
    expect(first.workloads.map(({ fee }) => BigInt(fee))).to.deep.equal(fees)
    expect(BigInt(first.fee)).to.equal(fees[0]! + fees[1]!)
    // Paths start at the folder of the file.
    const store = new DirectoryStore(join(directory(), 'content'))
    expect(await store.has(digestOf('words'))).to.equal(true)
    expect(await store.has(first.workloads[0]!.inputs as Hex)).to.equal(true)

    const [before, balance] = [await sent(), await client.getBalance()]
    const again = answerOf(await submit('--deposit', '--json', '--nonce', String(first.nonce)))
    expect(again.workloads).to.deep.equal(first.workloads.map((each) => ({ ...each, created: false })))
    expect(again.fee).to.equal('0')
    expect([await sent(), await client.getBalance()]).to.deep.equal([before, balance])
  })

  it('goes on with an array that became longer, and shows a table', async () => {
    const requests = two()
    await file(JSON.stringify(requests))
    const first = answerOf(await submit('--deposit', '--json'))
    await file(JSON.stringify([...requests, { ...two()[1], fee: '12.5' }], null, 2))
    const table = await submit('--deposit', '--nonce', String(first.nonce))
    expect(table.code, table.stderr).to.equal(0)
    expect(table.stdout).to.include('Submitted 1 for 12.5 GVLT. 2 had been submitted before.')
    for (const { workload } of first.workloads) expect(table.stdout).to.match(new RegExp(`${workload}.* before`))
    expect(table.stdout)
      .to.include('12.5 GVLT')
      .and.match(/NONCE +WORKLOAD +FEE +BLOCK/)
    expect((await client.getBalance()).nonce).to.equal(first.nonce + 3)
  })

  it('deposits nothing for public inputs that no transaction can show, and says which request has them', async () => {
    await writeFile(join(directory(), 'batch', 'large'), Buffer.alloc(127 * 1024))
    const [before, balance] = [await sent(), await client.getBalance()]
    await lines(...two(), { program, maxRunTime: 60, input: { public_inputs: 'large' }, fee: '40000' })
    const refused = await submit('--deposit')
    expect(refused.code).not.to.equal(0)
    expect(refused.stderr).to.include('CLIENT_PUBLIC_INPUTS_TOO_LARGE').and.include('request 2')
    expect([await sent(), await client.getBalance()]).to.deep.equal([before, balance])
  })

  it('says with which nonce it goes on where it ends early, and sends none of what one is wrong of', async () => {
    const { nonce } = await client.getBalance()
    const before = await sent()
    await lines(...two(), { ...two()[1], fee: '50000' })
    const poor = await submit()
    expect(poor.stderr).to.include('CONTRACT_INSUFFICIENT_BALANCE').and.include(`to go on: --nonce ${nonce}`)
    expect(poor.code).not.to.equal(0)
    await client.deposit({ amount: 100n * TOKEN })
    const transactions = await sent()
    expect(transactions).to.be.greaterThan(before)
    await lines(...two(), { ...two()[1], fee: '0.000001' })
    const cheap = await submit('--nonce', String(nonce))
    expect(cheap.stderr).to.include('CONTRACT_FEE_TOO_LOW').and.include('request 2')
    expect(await sent()).to.equal(transactions)
  })

  it('a file that is wrong is told by its request, before the chain is asked', async () => {
    const [good = {}, published = {}] = two()
    const bad: readonly (readonly [text: string, why: RegExp])[] = [
      ['', /no requests/],
      ['[]', /no requests/],
      ['[{]', /no JSON/],
      [`${JSON.stringify(good)}\n{`, /line 2 is no JSON/],
      [JSON.stringify([good, 7]), /request 1: must be an object/],
      [JSON.stringify({ ...good, maxRuntime: 7 }), /request 0: "maxRuntime" is unknown/],
      [JSON.stringify({ ...good, __proto__x: 7 }), /unknown/],
      [JSON.stringify({ ...good, program: '0x12' }), /program must be 0x and 64/],
      [JSON.stringify({ ...good, program: undefined }), /program and maxRunTime are needed/],
      [JSON.stringify({ ...good, maxRunTime: 0 }), /maxRunTime must be a whole number from 1/],
      [JSON.stringify({ ...good, redundancy: [1] }), /redundancy must be a text or a number/],
      [JSON.stringify({ ...good, fee: 1e21 }), /fee must be an amount/],
      [JSON.stringify({ ...good, input: ['words'] }), /input must be an object/],
      [JSON.stringify({ ...good, input: { public_inputs: 7 } }), /input public_inputs must be a path/],
      [JSON.stringify({ ...good, arg: 'x' }), /arg must be an array/],
      [JSON.stringify({ ...good, input: undefined }), /either input is needed/],
      [JSON.stringify({ ...good, ...published }), /either input is needed/],
      [JSON.stringify({ ...published, publicInputsHash: undefined }), /belong together/],
      [JSON.stringify({ ...published, arg: ['x'] }), /arg belongs to input/],
    ]
    for (const [text, why] of bad) {
      await file(text)
      const error: unknown = await readRequests(join(directory(), 'batch', 'requests')).catch((reason: unknown) => reason) // prettier-ignore
      expect(GevulotError.is(error, 'CLI_USAGE'), text).to.equal(true)
      expect((error as Error).message, text).to.match(why)
    }
    const { code, stderr } = await submit()
    expect(code).to.equal(2)
    expect(stderr).to.include('arg belongs to input')
    await lines({ ...good, input: { public_inputs: 'nowhere' } })
    expect((await submit('--rpc-url', 'http://127.0.0.1:9')).stderr).to.include('CLI_FILE_UNREADABLE')
    expect((await runCli(['workload', 'submit-many', 'nothing'], { cwd: directory() })).stderr).to.include('CLI_FILE_UNREADABLE') // prettier-ignore
  })
})
