import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { EXIT_CODES } from '../../sdk/src/cli/exitCodes.js'
import { CLI_COMMAND, runCli, startCli } from '../support/cli.js'
import { startNetwork, type Network } from '../support/network.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const SERVE = ['api', 'serve', '--port', '0', '--no-explorer']
/** Leaves something behind that fails with nobody to hear. */
const FAILS = `data:text/javascript,process.on('SIGUSR2', () => void Promise.reject(new Error('unforeseen')))`

describe('cli: a server', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network

  before(async () => {
    network = await startNetwork()
    await writeFile(join(directory(), 'deployment.json'), JSON.stringify(network.record))
    const settings = { rpcUrl: network.chain.url, deployment: 'deployment.json' }
    await writeFile(join(directory(), 'gevulot.json'), JSON.stringify(settings))
  })
  after(() => network.chain.stop())

  /** Its address, once all is said. */
  async function serving({ stdout }: ChildProcess): Promise<string> {
    let said = ''
    for await (const chunk of stdout ?? []) {
      said += String(chunk)
      const url = /served at (http:\/\/[\d.:]+\d)\./.exec(said)?.[1]
      if (url !== undefined && said.includes('proxy')) return url
    }
    throw new Error(`it does not serve: ${said}`)
  }

  it('whose notes nobody reads any more serves on, and ends in order', async () => {
    const api = startCli(SERVE, { cwd: directory() })
    const ended = once(api, 'exit')
    // What collects the log goes away, or its pipe does.
    api.stderr?.destroy()
    const url = await serving(api)
    expect(await (await fetch(`${url}/live`)).json()).to.deep.equal({ live: true })
    // It says that it stops.
    api.kill('SIGTERM')
    expect(await ended).to.deep.equal([0, null])
  })

  it('does not pass over the variable of its database for want of a prefix', async () => {
    const env = { GEVULOT_DATABASE_URL: 'postgres://api:sesame@127.0.0.1/gevulot' }
    // Nobody answers there: it would end otherwise too.
    const { code, stderr } = await runCli([...SERVE, '--rpc-url', 'http://127.0.0.1:1/'], { cwd: directory(), env })
    expect(code).to.equal(EXIT_CODES.usage.code)
    expect(stderr).to.include('GEVULOT_DATABASE_URL is no variable of the API server; DATABASE_URL is one')
    expect(stderr).to.not.include('sesame')
  })

  // With 1 the units of systemd would leave it alone.
  it('that an error ends which nobody heard says so, with the exit code of a bug', async () => {
    const [node = '', ...rest] = CLI_COMMAND
    const api = spawn(node, ['--import', FAILS, ...rest, ...SERVE], { cwd: directory(), stdio: ['ignore', 'pipe', 'pipe'] }) // prettier-ignore
    const ended = once(api, 'exit')
    let complaint = ''
    api.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    await serving(api)
    api.kill('SIGUSR2')
    expect(await ended).to.deep.equal([EXIT_CODES.bug.code, null])
    expect(complaint).to.include('unforeseen').and.include('CLI_BUG')
  })
})
