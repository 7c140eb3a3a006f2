import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import { CLI_COMMAND } from '../support/cli.js'
import { freePort } from '../support/freePort.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LIMIT_MS = 300_000

// docs/api.md as its reader would type it: every command of every block, in order, against a server and a network that it starts.
describe('package: the page of the API server', function () {
  this.timeout(900_000)
  this.bail(true)
  const directory = useTemporaryDirectory()
  const environment: Record<string, string> = {}
  const running = new Set<ChildProcess>()
  let commands: string[]
  let port: number
  let program: string

  before(async function () {
    const page = await readFile(join(root, 'docs/api.md'), 'utf8')
    const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text.trim().replaceAll('\\\n', ''))
    commands = blocks.flatMap((text) => text.split('\n'))
    port = await freePort()
    // The command of the tree, where both `gevulot` and `npx gevulot` find it.
    const bin = join(directory(), 'node_modules/.bin')
    await mkdir(bin, { recursive: true })
    const quoted = CLI_COMMAND.map((part) => `'${part}'`).join(' ')
    await writeFile(join(directory(), 'gevulot.sh'), `#!/bin/sh\nexec ${quoted} "$@"\n`)
    await chmod(join(directory(), 'gevulot.sh'), 0o755)
    await symlink('../../gevulot.sh', join(bin, 'gevulot'))
    const own = Object.entries(process.env).filter(([name]) => !/^(GEVULOT_|NODE_OPTIONS|DATABASE_URL)/.test(name))
    Object.assign(environment, Object.fromEntries(own), {
      NO_COLOR: '1',
      PATH: [bin, process.env['PATH']].join(delimiter),
    })
    // The network of the folder, and its settings, as `gevulot init` writes them.
    const rpc = await freePort()
    await start(`gevulot devnet --provers 1 --port ${rpc}`, /Ctrl-C stops it/)
    const devnet = JSON.parse(await readFile(join(directory(), '.gevulot/devnet/devnet.json'), 'utf8')) as { program: string } // prettier-ignore
    program = devnet.program
    const of = (name: string): string => `.gevulot/devnet/${name}`
    await writeFile(
      join(directory(), 'gevulot.json'),
      JSON.stringify({
        ...{ rpcUrl: `http://127.0.0.1:${rpc}`, deployment: of('deployment.json') },
        ...{ keyFile: of('requester.key'), store: of('content') },
      }),
    )
  })
  after(() => Promise.all([...running].map(end)))

  /** The next command of the page, which must begin like this; with the port that is free here, and with what its reader puts in. */
  function take(beginning: string, values: Readonly<Record<string, string>> = {}): string {
    const command = commands.shift() ?? 'nothing more'
    expect(command.startsWith(beginning), `the page goes on with ${command}`).to.equal(true)
    const placed = command
      .replaceAll('127.0.0.1:8546', `127.0.0.1:${port}`)
      .replace('gevulot api serve', `gevulot api serve --port ${port}`)
      .replace('gevulot api accounts', `gevulot api accounts --url http://127.0.0.1:${port}`)
    return Object.entries(values).reduce((so, [from, to]) => {
      expect(so, command).to.include(from)
      return so.replace(from, to)
    }, placed)
  }

  async function run(text: string): Promise<string> {
    const options = { cwd: directory(), timeout: LIMIT_MS, env: environment }
    try {
      return (await promisify(execFile)('sh', ['-c', text], options)).stdout
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new Error(`${text}\n${stdout}${stderr}`, { cause: error })
    }
  }

  async function ask(command: string): Promise<Record<string, unknown>> {
    const text = await run(command)
    try {
      return JSON.parse(text) as Record<string, unknown>
    } catch (cause) {
      throw new Error(`${command}\n${text}`, { cause })
    }
  }

  /** Asks again until the answer has this. */
  async function until(command: string, name: string): Promise<string> {
    for (const endAt = Date.now() + LIMIT_MS; ; await sleep(500)) {
      const answer = await ask(command)
      if (typeof answer[name] === 'string') return answer[name]
      if (Date.now() > endAt) expect.fail(`${command} still answers ${JSON.stringify(answer)}`)
    }
  }

  /** Runs a command in a terminal of its own, until it says something like this. */
  async function start(text: string, saying: RegExp): Promise<ChildProcess> {
    const options = { cwd: directory(), env: environment, detached: true } as const
    const child = spawn('sh', ['-c', text], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = once(child, 'exit').then(() => expect.fail(`${text} ended: ${output}`))
    ended.catch(() => undefined)
    while (!saying.test(output)) await Promise.race([once(child.stdout, 'data'), ended])
    return child
  }

  /** Ctrl-C in that terminal, which all of its processes get. */
  async function end(child: ChildProcess): Promise<void> {
    running.delete(child)
    if (child.exitCode !== null || child.pid === undefined) return
    const ended = once(child, 'exit')
    process.kill(-child.pid, 'SIGINT')
    await ended
  }

  it('asks with a key that was shown once, and a repeated order is the same request', async () => {
    environment['KEY'] = (await run(take('gevulot api add-key sequencer-1'))).split('\n')[0]!
    const server = await start(take('gevulot api serve'), /The API is served at/)
    const order = take('curl', { '0x…': program })
    const { request } = await ask(order)
    expect(request).to.be.a('string')
    expect((await ask(order))['request']).to.equal(request)
    await end(server)
  })

  it('gets a first proof of the local network', async () => {
    await run(take('(umask 077; npx gevulot api add-key me'))
    await start(take('npx gevulot api serve --config'), /The API is served at/)
    const setting = take('PROGRAM=')
    const { request } = await ask(`${setting}; ${take('curl')}`)
    const workload = await until(take('curl', { '<request>': String(request) }), 'workload')
    const proof = await until(take('curl', { '<workload>': workload }), 'proof')
    expect(Buffer.from(proof, 'base64')).to.have.length(8)
  })

  it("shows what each key has cost, to the operator's key", async () => {
    await run(take('(umask 077; gevulot api add-key bookkeeper'))
    const accounts = await run(take('gevulot api accounts'))
    for (const name of ['sequencer-1', 'me']) expect(accounts).to.match(new RegExp(`^\\S+ +${name}\\b`, 'm'))
    expect(commands).to.deep.equal([])
  })
})
