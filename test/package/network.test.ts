import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { runCli, startCli } from '../support/cli.js'
import { Consumer } from '../support/consumer.js'
import { TestNetwork } from '../support/network/TestNetwork.js'

/** As many seats as the example of the README asks proofs of. */
const SEATS = 3

// The installed package against a real chain: its library asks, its worker proves, its command fetches.
describe('package: network', function () {
  this.timeout(900_000)
  let consumer: Consumer
  let network: TestNetwork
  let program: string
  let worker: ReturnType<typeof startCli>

  before(async () => {
    consumer = await Consumer.install()
    network = await TestNetwork.start()
    program = await network.deployGuest('hashcash')
    await writeFile(keyFile(), network.chain.wallet(0).privateKey, { mode: 0o600 })
    const operator = await network.addOperator('alice', SEATS)
    const config = await network.configure(operator)
    worker = startCli([config], { cwd: network.directory, command: consumer.command('gevulot-worker') })
    let log = ''
    for (const stream of [worker.stdout!, worker.stderr!]) {
      stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
    }
    const ended = once(worker, 'exit').then(() => {
      throw new Error(`the worker ended:\n${log}`)
    })
    while (!log.includes('worker started')) await Promise.race([once(worker.stdout!, 'data'), ended])
    ended.catch(() => undefined)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    worker.kill('SIGKILL')
    await network.stop()
    await consumer.remove()
  })

  const keyFile = () => join(network.directory, 'requester.key')

  it("gets a proof by the README's example, compiled as ESM and as CommonJS", async () => {
    const example = await readFile(join(root, 'sdk/examples/requestProof.ts'), 'utf8')
    const text = example.replaceAll('../src/index.js', '@gevulot/sdk') + MAIN
    await consumer.write('main.mts', text)
    await consumer.write('main.cts', text)
    await consumer.compile(['main.mts', 'main.cts'])
    expect(await readFile(join(consumer.directory, 'main.cjs'), 'utf8')).to.include('require("@gevulot/sdk")')
    for (const file of ['main.mjs', 'main.cjs']) {
      const args = [network.deploymentPath, network.chain.url, keyFile(), program]
      // The example keeps its content beside itself; the worker looks there.
      const answer = await consumer.node(file, args, network.directory)
      expect(JSON.parse(answer), file).to.deep.equal({ bytes: 8 })
    }
  })

  it('refuses, by its types, what the library would refuse', async () => {
    await consumer.write('wrong.mts', WRONG)
    let complaint = ''
    await consumer.compile(['wrong.mts']).catch((error: unknown) => (complaint = String(error)))
    expect(complaint).to.match(/wrong\.mts\(2,\d+\): error TS/)
    expect(complaint.match(/error TS/g)).to.have.length(1)
  })

  it('quotes, submits and fetches by its command', async () => {
    const settings = {
      rpcUrl: network.chain.url,
      deployment: network.deploymentPath,
      store: './content',
      keyFile: keyFile(),
    }
    await writeFile(join(network.directory, 'gevulot.json'), JSON.stringify(settings))
    await writeFile(join(network.directory, 'words'), Buffer.alloc(32, 7))
    const ground = { cwd: network.directory, command: consumer.command('gevulot') }
    const json = async (...args: string[]) => (await runCli([...args, '--json'], ground)).json()

    const quote = await json('workload', 'quote', program, '--max-run-time', '60')
    expect(BigInt(String(quote['minimumFee']))).to.be.greaterThan(0n)
    const terms = ['--input', 'public_inputs=words', '--max-run-time', '60', '--deposit']
    const { workload } = await json('workload', 'submit', program, ...terms)
    const out = join(network.directory, 'out')
    const fetched = await json('workload', 'fetch', String(workload), '--out', out, '--wait')
    expect(fetched).to.include({ valid: true, bytes: 8 })
    expect(await readdir(out)).to.have.members(['proof', 'public_inputs'])
  })
})

/** Calls the example as a program would, and ends when it has its proof. */
const MAIN = `
import { readFileSync } from 'node:fs'
const [record = '', rpc = '', keyFile = '', program = ''] = process.argv.slice(2)
const words = crypto.getRandomValues(new Uint8Array(32))
requestProof(record, rpc, readFileSync(keyFile, 'utf8').trim(), program as Hex, words).then(({ proof }) => {
  process.stdout.write(JSON.stringify({ bytes: proof.length }), () => process.exit())
}, (error: unknown) => { console.error(error); process.exit(1) })
`

const WRONG = `import type { GevulotClient } from '@gevulot/sdk'
export const ask = (client: GevulotClient) => client.quote({ program: 7, maxRunTime: 600 })
`
