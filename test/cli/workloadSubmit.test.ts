import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { CLI_COMMAND, runCli, type CliResult } from '../support/cli.js'
import { aProgram, startNetwork, type Network } from '../support/network.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'
import { Terminal } from '../support/Terminal.js'
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

  const command = (...more: string[]): string[] => {
    const settings = ['--rpc-url', network.chain.url, '--deployment', 'deployment.json', '--store', 'content', '--key-file', 'key'] // prettier-ignore
    const terms = ['--input', 'public_inputs=words', '--max-run-time', '60', '--deposit']
    return ['workload', 'submit', program, ...terms, ...settings, ...more]
  }
  const submit = (...more: string[]): Promise<CliResult> => runCli(command(...more), { cwd: directory() })
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

  it('a terminal shows how far large inputs are, and nothing else does', async () => {
    await writeFile(join(directory(), 'large'), randomBytes(24 * 2 ** 20))
    const node = await IpfsNode.start()
    // A slow connection to the store: what is uploaded stops until the line was seen.
    let open = (): void => undefined
    const opened = new Promise<void>((resolve) => (open = resolve))
    let uploads = 0
    const slow = createServer((incoming, outgoing) => {
      const { method, url = '', headers } = incoming
      const onward = httpRequest(new URL(url, node.url), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      })
      const pass = (): unknown => incoming.pipe(onward)
      // The witness comes behind the public inputs.
      if (url.startsWith('/api/v0/add') && ++uploads === 2) void opened.then(pass)
      else pass()
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    const store = ['--store', `kubo+http://127.0.0.1:${(slow.address() as AddressInfo).port}/`]
    const large = [...store, '--input', 'witness=large']
    const terminal = new Terminal([...CLI_COMMAND, ...command(...large)], { columns: 120, cwd: directory() })
    try {
      await terminal.until(/publishing inputs [1-9]\d* of 24 MiB {2}\d+ s/, 0, 60_000)
      open()
      expect(await terminal.ended()).to.equal(0)
      expect(terminal.text).to.match(/submitting[^]*Submitted for/)
      const plain = await submit(...large)
      expect(plain.stderr)
        .to.include('publishing inputs')
        .and.not.match(/\d of \d/)
      expect((await submit(...large, '--json')).stderr).to.equal('')
    } finally {
      await terminal.close()
      slow.closeAllConnections()
      slow.close()
      node.stop()
    }
  })
})
