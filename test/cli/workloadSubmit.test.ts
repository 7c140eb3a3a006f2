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
import { networkOptions } from '../support/networkOptions.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'
import { Terminal } from '../support/Terminal.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('cli: workload submit', function () {
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
    await writeFile(join(directory(), 'words'), 'words')
  })
  after(() => network.chain.stop())

  const command = (...more: string[]): string[] => {
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

  it('deposits nothing for public inputs that no transaction can show', async () => {
    await writeFile(join(directory(), 'large'), Buffer.alloc(127 * 1024))
    const [before, transactions] = [await client.getBalance(), await sent()]
    const refused = await submit('--input', 'public_inputs=large')
    expect(refused.code).not.to.equal(0)
    expect(refused.stderr).to.include('CLIENT_PUBLIC_INPUTS_TOO_LARGE').and.to.include('committee')
    expect([await client.getBalance(), await sent()]).to.deep.equal([before, transactions])
  })

  describe('fees of its transactions', () => {
    const GWEI = 10n ** 9n
    const newest = async (count: number) => {
      const { provider } = network.chain
      const head = await provider.getBlockNumber()
      const blocks = await Promise.all(Array.from({ length: count }, (_, at) => provider.getBlock(head - at, true)))
      return blocks.flatMap((block) => block!.prefetchedTransactions)
    }

    it('are those of the command line, deposit and approval included', async () => {
      const transactions = await sent()
      const priced = await submit('--max-fee-per-gas', '77', '--max-priority-fee-per-gas', '1.5', '--json')
      expect(priced.json()).to.include({ created: true })
      const count = (await sent()) - transactions
      expect(count).to.be.at.least(2)
      for (const each of await newest(count))
        expect(each).to.include({ maxFeePerGas: 77n * GWEI, maxPriorityFeePerGas: (3n * GWEI) / 2n })
    })

    it('or those of the environment or the configuration file, which an option replaces', async () => {
      const deposit = ['account', 'deposit', '1', ...command().slice(-8)]
      const env = { GEVULOT_MAX_FEE_PER_GAS: '66' }
      expect((await runCli(deposit, { cwd: directory(), env })).code).to.equal(0)
      expect((await newest(1))[0]).to.include({ maxFeePerGas: 66n * GWEI })
      await writeFile(join(directory(), 'fees.json'), JSON.stringify({ maxFeePerGas: 55, maxPriorityFeePerGas: '1' }))
      const filed = [...deposit, '--config', 'fees.json']
      expect((await runCli(filed, { cwd: directory() })).code).to.equal(0)
      expect((await newest(1))[0]).to.include({ maxFeePerGas: 55n * GWEI, maxPriorityFeePerGas: GWEI })
      expect((await runCli([...filed, '--max-fee-per-gas', '44'], { cwd: directory() })).code).to.equal(0)
      expect((await newest(1))[0]).to.include({ maxFeePerGas: 44n * GWEI })
    })

    it('while gas costs more nothing is sent, and the same command may succeed later', async () => {
      const transactions = await sent()
      const { code, stderr } = await submit('--max-fee-per-gas', '0.000000001')
      expect(stderr).to.include('CHAIN_FEE_ABOVE_CAP')
      expect(code).to.equal(75)
      expect(await sent()).to.equal(transactions)
    })

    it('what is no price of gas is refused with what it has to be', async () => {
      for (const [words, message] of [
        [['--max-fee-per-gas', '1e3'], "argument '1e3' is invalid. It must be an amount of gwei"],
        [['--max-fee-per-gas', '2', '--max-priority-fee-per-gas', '3'], '--max-priority-fee-per-gas 3 is above'],
      ] as const) {
        const refused = await submit(...words)
        expect(refused.stderr).to.include(message).and.include('CLI_USAGE')
        expect(refused.code).to.equal(2)
      }
      const env = { GEVULOT_MAX_FEE_PER_GAS: '30 gwei' }
      const { code, stderr } = await runCli(command(), { cwd: directory(), env })
      expect(stderr).to.include('GEVULOT_MAX_FEE_PER_GAS must be an amount of gwei').and.include('CLI_CONFIG_INVALID')
      expect(code).to.equal(1)
    })
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
