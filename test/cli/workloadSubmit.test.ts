import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { runCli, type CliResult } from '../support/cli.js'
import { aProgram, startNetwork, type Network } from '../support/network.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('cli: workload submit', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    program = await aProgram(network, client)
    const record = JSON.stringify(network.record, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)) // prettier-ignore
    await writeFile(join(directory(), 'deployment.json'), record)
    await writeFile(join(directory(), 'key'), network.requester.privateKey, { mode: 0o600 })
    await writeFile(join(directory(), 'words'), 'words')
  })
  after(() => network.chain.stop())

  const submit = (...more: string[]): Promise<CliResult> => {
    const settings = ['--rpc-url', network.chain.url, '--deployment', 'deployment.json', '--store', 'content', '--key-file', 'key'] // prettier-ignore
    const terms = ['--input', 'public_inputs=words', '--max-run-time', '60', '--deposit']
    return runCli(['workload', 'submit', program, ...terms, ...settings, ...more], { cwd: directory() })
  }
  const sent = (): Promise<number> => network.chain.provider.getTransactionCount(network.requester.address)

  it('a command that is repeated with its nonce deposits nothing again', async () => {
    const nonce = String((await client.getBalance()).nonce)
    const first = (await submit('--nonce', nonce, '--json')).json()
    expect(first).to.include({ created: true })
    // The fee is locked, so the balance is too small for another one.
    expect((await client.getBalance()).market < BigInt(String(first['fee']))).to.equal(true)
    const [before, transactions] = [await client.getBalance(), await sent()]
    const again = await submit('--nonce', nonce, '--json')
    expect(again.json()).to.include({ created: false, workload: first['workload'] })
    expect((await submit('--nonce', nonce)).stdout).to.include('nothing was sent')
    expect([await client.getBalance(), await sent()]).to.deep.equal([before, transactions])
  })

  it('nor does one with a nonce that it is not the turn of', async () => {
    const { nonce } = await client.getBalance()
    const transactions = await sent()
    const early = await submit('--nonce', String(nonce + 5))
    expect(early.stderr).to.include('CONTRACT_WRONG_NONCE')
    expect(early.code).not.to.equal(0)
    expect(await sent()).to.equal(transactions)
  })

  it('without a nonce it deposits what is missing, and submits another one', async () => {
    const { nonce } = await client.getBalance()
    expect((await submit('--json')).json()).to.include({ created: true })
    expect((await client.getBalance()).nonce).to.equal(nonce + 1)
  })
})
