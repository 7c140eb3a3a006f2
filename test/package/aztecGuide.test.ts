import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'
import { Contract, hexlify, JsonRpcProvider, Wallet, ZeroHash, type ContractTransactionResponse } from 'ethers'

import { creationCode } from '../../programs/support/solc.js'
import { root } from '../../scripts/lib/artifacts.js'
import { deploymentOf, readDeploymentRecord } from '../../sdk/src/chain/index.js'
import type { WireJob } from '../../sdk/src/aztec/broker/wire.js'
import { until } from '../support/aztec/AdapterBench.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'
import { RealBroker } from '../support/aztec/RealBroker.js'
import { sandboxWorks } from '../programs/support.js'
import { freePort } from '../support/freePort.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const packages = process.env['AZTEC_PACKAGES']
const DEVNET = 'gevulot devnet --provers 1'
const SERVER = 'gevulot api serve --inbox .gevulot/devnet/inbox --config .gevulot/devnet/gevulot.json'
const LIMIT_MS = 600_000
const JOB_TIMEOUT_MS = 30_000
const SLOT_SECONDS = 120

/** A file that the page shows, or a command it tells to type. */
type Step = { readonly file: string; readonly text: string } | { readonly command: string }

// The ten minutes of docs/aztec.md as a sequencer's operator would follow them: every file and every command, in order.
describe('package: an Aztec sequencer in ten minutes', function () {
  this.timeout(1_800_000)
  this.bail(true)
  const directory = useTemporaryDirectory()
  const running = new Map<string, { readonly child: ChildProcess; output: string }>()
  const environment: Record<string, string> = {}
  const places: [string, string][] = []
  let broker: BrokerDouble | RealBroker | undefined
  let producer: Producer
  let steps: Step[]

  before(async function () {
    if (!(await sandboxWorks())) {
      console.log('      SKIP: this machine cannot make a bubblewrap sandbox')
      this.skip()
    }
    if (packages === undefined) {
      console.log("      SKIP Aztec's own broker, ours takes its place: its packages are not installed; npm run test:aztec does it") // prettier-ignore
    }
    broker = await (
      packages === undefined
        ? new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS })
        : new RealBroker(packages, JOB_TIMEOUT_MS)
    ).start()
    producer = new Producer(broker.url)
    const page = await readFile(join(root, 'docs/aztec.md'), 'utf8')
    const guide = /^## Ten minutes$(.*?)^## /ms.exec(page)?.[1] ?? ''
    steps = [...guide.matchAll(/^```(sh|json)(?: (\S+))?\n(.*?)^```/gms)].flatMap(
      ([, kind, file = '', text = '']): Step[] =>
        kind === 'json'
          ? [{ file, text }]
          : text.trim().split('\n').map((command) => ({ command })), // prettier-ignore
    )
    const [rpc, api] = [await freePort(), await freePort()]
    places.push(['127.0.0.1:8545', `127.0.0.1:${rpc}`], ['127.0.0.1:8546', `127.0.0.1:${api}`])
    places.push(['http://127.0.0.1:8084', broker.url], ['programs/aztec-jobs', join(root, 'programs/aztec-jobs')])
    // The command as it stands in the tree, under its own name.
    const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href
    const bin = join(directory(), 'bin-gevulot')
    await mkdir(bin)
    await writeFile(
      join(bin, 'gevulot'),
      `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' '${join(root, 'sdk/src/cli/main.ts')}' "$@"\n`,
      { mode: 0o755 },
    )
    const own = Object.entries(process.env).filter(([name]) => !/^(GEVULOT_|NODE_OPTIONS|DATABASE_URL)/.test(name))
    Object.assign(environment, Object.fromEntries(own), {
      NO_COLOR: '1',
      PATH: [bin, process.env['PATH']].join(delimiter),
    })
  })
  after(async () => {
    for (const command of [...running.keys()].reverse()) await end(command)
    await broker?.stop()
  })

  const placed = (text: string): string => places.reduce((so, [from, to]) => so.replaceAll(from, to), text)

  /** The next command of the page, which must begin like this; files that stand before it are written. */
  async function take(beginning: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
    for (let step = steps[0]; step !== undefined && 'file' in step; step = steps[0]) {
      await writeFile(join(directory(), step.file), placed(step.text))
      steps.shift()
    }
    const step = steps.shift()
    const command = step !== undefined && 'command' in step ? step.command : 'nothing more'
    expect(command.startsWith(beginning), `the page goes on with ${command}`).to.equal(true)
    return Object.entries(values).reduce((so, [from, to]) => {
      expect(so, command).to.include(from)
      return so.replace(from, to)
    }, placed(command))
  }

  async function next(
    beginning: string,
    values: Readonly<Record<string, string>> = {},
    cwd = directory(),
  ): Promise<string> {
    const text = await take(beginning, values)
    try {
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', text], { cwd, timeout: LIMIT_MS, env: environment }) // prettier-ignore
      return stdout + stderr
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new Error(`${text}\n${stdout}${stderr}`, { cause: error })
    }
  }

  /** Starts what the page runs in another terminal, and waits until it says something like this. */
  async function start(command: string, saying: RegExp): Promise<void> {
    const ports: Readonly<Record<string, number>> = { [DEVNET]: 0, [SERVER]: 1 }
    const place = ports[command]
    const more = place === undefined ? [] : ['--port', places[place]![1].split(':')[1]!]
    const [program = '', ...args] = command.split(' ')
    const child = spawn(program, [...args, ...more], {
      ...{ cwd: directory(), env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    })
    const terminal = { child, output: '' }
    running.set(command, terminal)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (terminal.output += chunk.toString()))
    }
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`${command} ended: ${terminal.output}`)
        return saying.test(terminal.output) ? true : undefined
      },
      () => `${command} says ${terminal.output}`,
      600,
    )
  }

  /** Ctrl-C in that terminal. */
  async function end(command: string): Promise<void> {
    const child = running.get(command)?.child
    running.delete(command)
    if (child === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    await ended
  }

  async function served(jobs: readonly WireJob[], command: string): Promise<void> {
    await producer.enqueue(...jobs)
    for (const job of jobs) {
      const isDone = async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined)
      await until(isDone, () => `${job.id} is open: ${running.get(command)?.output.slice(-3_000) ?? ''}`, 600)
    }
  }

  it('a network, and a program of it', async () => {
    await start(await take(DEVNET), /Ctrl-C stops it/)
    const built = await next('npm run', {}, root)
    const { prover, verifier } = JSON.parse(built) as Readonly<Record<'prover' | 'verifier', string>>
    await next('cp -r')
    const deployed = await next('gevulot program deploy', { '0x<prover>': prover, '0x<verifier>': verifier })
    places.push(['0x<program>', /0x[0-9a-f]{64}/.exec(deployed)?.[0] ?? expect.fail(deployed)])
  })

  it('with an account of its own: jobs of the broker come back as results', async () => {
    const adapter = await take('gevulot aztec serve')
    await start(adapter, /adapter started/)
    await served([producer.job(1), producer.job(1), producer.job(1, 'CHECKPOINT_PADDING_ROLLUP')], adapter)
    await end(adapter)
  })

  it('without an account: a server pays, and says what it cost', async () => {
    await next('(umask 077')
    await start(await take(SERVER), /The API is served at/)
    const adapter = await take('gevulot aztec serve')
    await start(adapter, /adapter started/)
    await served([producer.job(2), producer.job(2, 'PUBLIC_VM')], adapter)
    const account = JSON.parse(await next('curl')) as { readonly name: string; readonly requests: object; readonly fees: string } // prettier-ignore
    expect(account.name).to.equal('sequencer-1')
    expect(account.requests).to.deep.equal({ accepted: 0, submitted: 2, refused: 0, cancelled: 0 })
    expect(BigInt(account.fees) > 0n).to.equal(true)
    await next('(umask 077')
    const accounts = await next('gevulot api accounts')
    expect(accounts).to.match(/^[0-9a-f]{16} +sequencer-1 +2 /m)
    for (const type of ['PARITY_BASE', 'PUBLIC_VM']) expect(accounts).to.match(new RegExp(`^ +${type} +1 +1 `, 'm'))
  })

  it('with a bond, posted by oneself: a double of the rollup has it, a second call sends nothing, and all comes back', async () => {
    const provider = new JsonRpcProvider(`http://${places[0]![1]}`)
    try {
      const key = await readFile(join(directory(), '.gevulot/devnet/requester.key'), 'utf8')
      const account = new Wallet(key.trim(), provider)
      // With slots of two minutes, so that a slow machine comes to the end of an epoch's time no more than a person would.
      const source = 'test/support/solidity/FakeRollup.sol'
      const slow = (await readFile(join(root, source), 'utf8')).replace('SLOT = 12;', `SLOT = ${SLOT_SECONDS};`)
      const data = hexlify(creationCode(source, 'FakeRollup', { [source]: slow }))
      const rollup = (await (await account.sendTransaction({ data })).wait())?.contractAddress ?? ''
      const double = new Contract(rollup, ['function propose(bytes32)'], account)
      const [proverId, archive] = [`0x${'0f'.repeat(20)}`, `0x${'ab'.repeat(32)}`]
      const sent = (await double.getFunction('propose')(archive)) as ContractTransactionResponse
      await sent.wait()
      await provider.send('evm_increaseTime', [4 * SLOT_SECONDS])
      await provider.send('evm_mine', [])
      const proof = {
        ...{
          start: '1',
          end: 1,
          args: { previousArchive: ZeroHash, endArchive: archive, outHash: ZeroHash, proverId },
        },
        ...{ fees: Array.from({ length: 64 }, () => ZeroHash), blobInputs: '0x', proof: '0x' },
        attestations: { signatureIndices: '0x', signaturesOrAddresses: '0x' },
      }
      await writeFile(join(directory(), 'epoch-proof.json'), JSON.stringify(proof))
      const { token } = deploymentOf(await readDeploymentRecord(join(directory(), '.gevulot/devnet/deployment.json')))
      const made = await next('gevulot aztec deploy-bonds', { '0x<rollup>': rollup, '0x<token>': token })
      const bonds = { '0x<bonds>': /^bonds +(0x[0-9a-fA-F]{40})$/m.exec(made)?.[1] ?? expect.fail(made) }
      expect(await next('gevulot aztec fund-bonds', bonds)).to.include('has 54 GVLT in the bonds')
      const whose = { '0x<prover>': account.address, '0x<prover-id>': proverId }
      expect(await next('gevulot aztec sign-bond', { ...bonds, ...whose })).to.include('checkpoints 1 to 1 of epoch 0')
      expect(await next('gevulot aztec open-bond', bonds)).to.match(/state +open/)
      expect(await next('gevulot aztec show-bond', bonds)).to.match(/epoch +not proven/)
      const values = { '0x<rollup>': rollup, '0x<prover-id>': proverId }
      const [command] = steps
      expect(await next('gevulot aztec post', values)).to.match(
        /is posted by 0x[0-9a-f]{64}\. Proven up to checkpoint 1/,
      )
      steps.unshift(command!)
      expect(await next('gevulot aztec post', values)).to.include('was there before; nothing was sent')
      expect(await next('gevulot aztec settle-bond', bonds)).to.match(/state +kept/)
      expect(await next('gevulot aztec withdraw-bonds 50', bonds)).to.include('50 GVLT can be withdrawn from')
      await provider.send('evm_increaseTime', [61])
      await provider.send('evm_mine', [])
      expect(await next('gevulot aztec withdraw-bonds --bonds', bonds)).to.include(
        "50 GVLT are the account's own again",
      )
    } finally {
      provider.destroy()
    }
    expect(steps).to.deep.equal([])
  })
})
