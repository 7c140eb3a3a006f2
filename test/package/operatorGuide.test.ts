import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { connect, deploymentOf, readDeploymentRecord, readEvents, rpcProvider } from '../../sdk/src/chain/index.js'
import type { Contracts, WorkloadId } from '../../sdk/src/chain/index.js'
import { root } from '../../scripts/lib/artifacts.js'
import { sandboxWorks } from '../programs/support.js'
import { freePort } from '../support/freePort.js'
import { useTemporaryDirectory } from '../support/temporary.js'

/** What came before this test, or needs root or a server: everything else that the page tells its reader to type is run. */
const ELSEWHERE = /^(sudo |npm |export PATH=|mkdir -p .gevulot\/operator|pg_)/
const DEVNET = 'gevulot devnet --provers 1'
const WORKER = 'gevulot prover run worker.json'
const LIMIT_MS = 300_000
const WEEK = 7 * 86_400

/** A file that the page shows, or a command it tells to type. */
type Step = { readonly file: string; readonly text: string } | { readonly command: string }

// docs/operator.md as a new operator would follow it: every file and every command, in order, with what the one before it printed.
describe('package: from an empty machine to the first reward', function () {
  this.timeout(900_000)
  this.bail(true)
  const directory = useTemporaryDirectory()
  const running = new Map<string, { readonly child: ChildProcess; output: string }>()
  const environment: Record<string, string> = {}
  let steps: Step[]
  /** What stands in the page, and what it is here: free ports. */
  const places: [string, string][] = []

  before(async function () {
    if (!(await sandboxWorks())) {
      console.log('      SKIP: this machine cannot make a bubblewrap sandbox')
      this.skip()
    }
    const page = await readFile(join(root, 'docs/operator.md'), 'utf8')
    steps = [...page.matchAll(/^```(sh|json)(?: (\S+))?\n(.*?)^```/gms)].flatMap(
      ([, kind, file = '', text = '']): Step[] =>
        kind === 'json'
          ? [{ file, text }]
          : text
              .trim()
              .split('\n')
              .map((command) => ({ command })),
    )
    expect(steps.filter((step) => 'command' in step && ELSEWHERE.test(step.command))).to.have.length(20)
    steps = steps.filter((step) => 'file' in step || !ELSEWHERE.test(step.command))
    const [rpc, observe] = [await freePort(), await freePort()]
    places.push(['127.0.0.1:8545', `127.0.0.1:${rpc}`], ['9464', String(observe)])
    // The command as it stands in the tree, under its own name.
    const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href
    const gevulot = join(directory(), 'bin-gevulot', 'gevulot')
    await promisify(execFile)('mkdir', ['-p', join(directory(), 'bin-gevulot')])
    await writeFile(
      gevulot,
      `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' '${join(root, 'sdk/src/cli/main.ts')}' "$@"\n`,
    )
    await chmod(gevulot, 0o755)
    const own = Object.entries(process.env).filter(([name]) => !/^(GEVULOT_|NODE_OPTIONS|DATABASE_URL)/.test(name))
    Object.assign(environment, Object.fromEntries(own), {
      NO_COLOR: '1',
      PATH: [join(directory(), 'bin-gevulot'), process.env['PATH']].join(delimiter),
    })
  })
  after(async () => {
    await end(WORKER)
    await end(DEVNET)
  })

  const placed = (text: string): string => places.reduce((so, [from, to]) => so.replaceAll(from, to), text)

  /** The next command of the page, which must begin like this, with what its reader puts in; files that stand before it are written. */
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

  /** Runs the next command and answers all it wrote. */
  async function next(beginning: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
    return run(await take(beginning, values))
  }

  async function run(text: string): Promise<string> {
    const options = { cwd: directory(), timeout: LIMIT_MS, env: environment }
    try {
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', text], options)
      return stdout + stderr
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new Error(`${text}\n${stdout}${stderr}${running.get(WORKER)?.output ?? ''}`, { cause: error })
    }
  }

  /** Starts what the page runs in another terminal, and waits until it says something like this. */
  async function start(command: string, saying: RegExp): Promise<string> {
    const port = places[0]![1].split(':')[1]!
    const args = command === DEVNET ? [...command.split(' '), '--port', port] : command.split(' ')
    const child = spawn(args[0]!, args.slice(1), {
      cwd: directory(),
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const terminal = { child, output: '' }
    running.set(command, terminal)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (terminal.output += chunk.toString()))
    }
    const ended = once(child, 'exit').then(() => expect.fail(`${command} ended: ${terminal.output}`))
    ended.catch(() => undefined)
    while (!saying.test(terminal.output)) await Promise.race([once(child.stdout, 'data'), ended])
    return terminal.output
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

  const idIn = (text: string): string => /0x[0-9a-f]{64}/.exec(text)?.[0] ?? expect.fail(`no id in: ${text}`)

  /** Asks again until the answer is as it should be. */
  async function until(command: string, saying: RegExp): Promise<string> {
    for (let round = 0; ; round++) {
      const answer = await run(command)
      if (saying.test(answer)) return answer
      expect(round, answer).to.be.lessThan(60)
    }
  }

  async function contracts(): Promise<Contracts> {
    const deployment = deploymentOf(await readDeploymentRecord(join(directory(), '.gevulot/devnet/deployment.json')))
    return connect(deployment, rpcProvider(`http://${places[0]![1]}`, deployment.chainId))
  }

  /** What the seat did on the chain for a workload. */
  async function actsOf(workload: string, seat: number): Promise<string[]> {
    const names: string[] = []
    for await (const event of readEvents(await contracts(), { workload: workload as WorkloadId })) {
      if ('seat' in event.args && event.args.seat === seat) names.push(event.name)
    }
    return names
  }

  /** Lets time pass on the chain, in which nothing happens. */
  async function pass(seconds: number): Promise<void> {
    const provider = (await contracts()).provider as unknown as {
      send(method: string, params: unknown[]): Promise<void>
    }
    await provider.send('evm_increaseTime', [seconds])
  }

  let program: string
  let seat: number

  it('from the packages to a paid proof', async () => {
    expect(await next('gevulot doctor')).to.match(/^ok +bubblewrap/m)
    await next('(umask 077')
    const [name = '', value = ''] = (await take('export GEVULOT_KEY_PASSWORD_FILE=')).slice('export '.length).split('=')
    environment[name] = value
    const account = /0x[0-9a-fA-F]{40}/.exec(await next('gevulot account new key.json'))![0]
    program = idIn(await start(await take(DEVNET), /Ctrl-C stops it/))

    await next('gevulot account fund', { '0x<account>': account })
    expect(await next('gevulot account balance')).to.match(/in the wallet +10,000 GVLT/)
    seat = Number(/seat (\d+)/.exec(await next('gevulot prover stake'))![1])
    expect(await next('gevulot prover status')).to.match(/Active/)

    await start(await take(WORKER), /worker started/)
    expect(await next('gevulot prover status --data data')).to.match(/ready +yes/)
    expect(await next('curl')).to.include('"ok":true')
    await next('head -c 32')
    const workload = idIn(await next('gevulot workload submit', { '0x<program>': program }))
    expect(await next('gevulot workload watch', { '0x<workload>': workload })).to.match(/Finished.*Proven/)
    expect(await actsOf(workload, seat)).to.include('Committed')
    expect(await next('gevulot account balance')).to.match(/in the market +0\.0\d+ GVLT/)
    expect(await next('gevulot prover history')).to.match(/paid for ranks +0\.0\d+ GVLT/)
    const collect = await take('gevulot prover rewards --collect')
    expect(await run(collect)).to.match(/unrecorded +1 workloads, recorded now/)
    await pass(60)
    await until(collect, /due +0\.0\d+ GVLT, now in the balance/)
  })

  it('a lost machine is made again from the backup in the middle of a workload, and nothing is committed twice', async () => {
    const workload = idIn(await next('gevulot workload submit', { '0x<program>': program }))
    const status = await take('gevulot workload status', { '0x<workload>': workload })
    await until(status, new RegExp(`^ *${seat} .*committed`, 'm'))
    await end(WORKER)
    await next('tar --create')
    await next('rm -r data')
    await next('tar --extract')
    await start(WORKER, /worker started/)
    expect(await next('gevulot workload watch', { '0x<workload>': workload })).to.match(/Finished.*Proven/)
    const acts = await actsOf(workload, seat)
    expect(acts.filter((name) => name === 'Committed' || name === 'Revealed')).to.deep.equal(['Committed', 'Revealed'])
    expect(acts).to.not.include('Missed')
    expect(await next('gevulot prover history')).to.match(/workloads +2\n.*paid for ranks +0\.0\d+ GVLT.*misses +0\n/s)
  })

  it('leaves, and has its bond and its earnings back', async () => {
    await next('gevulot prover leave', { '<seat>': String(seat) })
    expect(await next('gevulot prover status')).to.match(/Leaving/)
    await end(WORKER)
    const withdraw = await take('gevulot prover withdraw', { '<seat>': String(seat) })
    const early = await run(`${withdraw} 2>&1 || true`)
    expect(early)
      .to.include('CONTRACT_COOLING_DOWN')
      .and.match(/until \d{4}-\d\d-\d\dT/)
    await pass(WEEK)
    expect(await until(`${withdraw} 2>&1 || true`, /Withdrew/)).to.include(String(seat))
    await next('gevulot account withdraw')
    expect(await run('gevulot account balance')).to.match(/in the wallet +10,000\.001 GVLT/)
    expect(steps).to.deep.equal([])
  })
})
