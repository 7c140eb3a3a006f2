import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { JsonRpcProvider } from 'ethers'
import { root } from '../../scripts/lib/artifacts.js'
import { findBrowser, openPage, startBrowser } from '../support/browser.js'
import { BrowserWallet } from '../support/BrowserWallet.js'
import { runCli, startCli } from '../support/cli.js'
import { Consumer } from '../support/consumer.js'
import { freePort } from '../support/freePort.js'

const LIMIT_MS = 300_000
const SERVER = 'http://127.0.0.1:8546'
const COUNT = 'zero one two three four five six seven eight nine'.split(' ')
/** The part of the README that the tarball holds; the repository's has it too. */
const WAYS = /^<!-- The same in README.md and sdk\/README.md;.*?(?=^## )/ms

interface Info {
  readonly rpcUrl: string
  readonly program: string
  readonly config: string
  readonly chainId: number
  readonly requester: { readonly keyFile: string }
  readonly provers: readonly { readonly log: string }[]
}

// A newcomer's first minutes, with the packed README: the installed package alone writes a project, which npm installs in a folder of its own; that starts
// a network and gets proofs of it: in TypeScript, at the command line, over HTTP and in a browser. Every command is the page's, in its order.
describe('package: a newcomer with the devnet', function () {
  this.timeout(900_000)
  let consumer: Consumer
  let directory: string
  let devnet: ReturnType<typeof startCli>
  let info: Info
  let page: string
  let commands: string[]
  let server: ReturnType<typeof startCli> | undefined
  /** Where the server is, which is this address in the page. */
  let url = SERVER
  const ground = () => ({ cwd: directory, command: join(directory, 'node_modules/.bin/gevulot') })

  before(async () => {
    consumer = await Consumer.install(['@foundry-rs/anvil'])
    // Beside the project that writes it, so that it finds no package but its own.
    const home = { cwd: join(consumer.directory, '..'), command: consumer.command('gevulot') }
    directory = join(home.cwd, 'my-requester')
    page = await readFile(consumer.installed('README.md'), 'utf8')
    const [, first = ''] = page.split(/^## A first proof$/m)
    const blocks = [...first.split('\n## ')[0]!.matchAll(/^```sh\n(.*?)^```/gms)]
    commands = blocks.flatMap(([, text = '']) => text.trim().replaceAll('\\\n', '').split('\n'))
    // The same package is installed already; `npx` would keep another copy of it for ever.
    const init = take(`npx -y -p ./${basename(consumer.tarball)} gevulot init`)
      .split(' gevulot ')[1]!
      .split(' ')
    expect(await runCli(init, home)).to.include({ code: 0 })
    expect(take('cd')).to.equal('cd my-requester && npm install')
    await consumer.npm(directory, ['install', '--prefer-offline', '--no-audit', '--no-fund'])
    const { scripts } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as { scripts: object }
    expect(take('npm run devnet')).to.equal('npm run devnet')
    expect(scripts).to.include({ devnet: 'gevulot devnet' })
    devnet = startCli(['devnet', '--port', '0', '--provers', '1', '--json'], ground())
    let complaint = ''
    devnet.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    const ended = once(devnet, 'exit').then(() => {
      throw new Error(`the devnet ended:\n${complaint}`)
    })
    ended.catch(() => undefined)
    const [line] = (await Promise.race([once(devnet.stdout!, 'data'), ended])) as [Buffer]
    info = JSON.parse(line.toString()) as Info
  })
  after(async () => {
    server?.kill('SIGKILL')
    devnet.kill('SIGKILL')
    await consumer.remove()
  })

  /** The next command of the page, which must begin like this; with what its reader puts in. */
  function take(beginning: string, values: Readonly<Record<string, string>> = {}): string {
    const command = commands.shift() ?? 'nothing more'
    expect(command.startsWith(beginning), `the page goes on with ${command}`).to.equal(true)
    return Object.entries(values).reduce((so, [from, to]) => {
      expect(so, command).to.include(from)
      return so.replace(from, to)
    }, command)
  }

  /** Runs a command in the project, at the port of its server; returns what it wrote. */
  async function shell(command: string): Promise<string> {
    // Without the caller's own settings; what npm runs is run by this Node.js, whichever stands on the path.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(GEVULOT_|NODE_OPTIONS$)/.test(name))
    const env = { ...Object.fromEntries(inherited), PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) } // prettier-ignore
    const options = { cwd: directory, timeout: LIMIT_MS, env }
    return (await promisify(execFile)('sh', ['-c', command.replaceAll(SERVER, url)], options)).stdout
  }

  /** Asks again until the answer has this. */
  async function until(command: string, name: string): Promise<string> {
    for (const endAt = Date.now() + LIMIT_MS; ; await sleep(500)) {
      const answer = JSON.parse(await shell(command)) as Record<string, unknown>
      if (typeof answer[name] === 'string') return answer[name]
      if (Date.now() > endAt) expect.fail(`${command} still answers ${JSON.stringify(answer)}`)
    }
  }

  it("has a README that says how, as the repository's does", async () => {
    const [ways = ''] = WAYS.exec(page) ?? []
    expect(ways).to.include('```sh')
    expect(await readFile(join(root, 'README.md'), 'utf8')).to.include(ways)
  })

  it('writes a project that has what it needs, and overwrites nothing', async () => {
    expect(await readdir(directory)).to.include.members(['package.json', 'gevulot.json', 'prove.ts', '.gitignore'])
    const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Record<string, object>
    const own = JSON.parse(await readFile(consumer.installed('package.json'), 'utf8')) as { version: string }
    expect(manifest['dependencies']).to.include({ '@gevulot/sdk': `file:${relative(directory, consumer.tarball)}` })
    expect((await runCli(['init', 'plain'], ground())).code).to.equal(0)
    const plain = JSON.parse(await readFile(join(directory, 'plain/package.json'), 'utf8')) as Record<string, object>
    expect(plain['dependencies']).to.include({ '@gevulot/sdk': own.version })
    expect(manifest['devDependencies']).to.have.property('@foundry-rs/anvil')
    // What npm has put there is the packed SDK, not this repository's.
    expect(await realpath(join(directory, 'node_modules/@gevulot/sdk'))).to.match(
      /my-requester.node_modules.@gevulot.sdk$/,
    )
    const again = await runCli(['init'], ground())
    expect(again.code).to.equal(1)
    expect(again.stderr).to.include('CLI_FILE_EXISTS')
  })

  it("gets a proof with the project's own program", async () => {
    const settings = JSON.parse(await readFile(join(directory, 'gevulot.json'), 'utf8')) as object
    await writeFile(join(directory, 'gevulot.json'), JSON.stringify({ ...settings, rpcUrl: info.rpcUrl }))
    const example = await readFile(join(directory, 'prove.ts'), 'utf8')
    // All that it does: every line but imports, comments and what it says meanwhile.
    const lines = example.split('\n').filter((line) => !/^(import .*|\/\/.*|console\.log\(.*\)|)$/.test(line))
    expect(lines.join('\n')).to.include('client.submit(').and.include('client.waitForProof(').and.not.include(';')
    expect(lines).to.have.length.below(10)
    expect(page).to.include(`the ${COUNT[lines.length]} lines of \`prove.ts\``)
    expect(await shell(take('npm run prove'))).to.match(/^proof [0-9a-f]{16}$/m)
  })

  it('gets a proof at the command line', async () => {
    const program = take('PROGRAM=')
    await shell(take('head'))
    const submitted = await shell(`${program}; ${take('npx gevulot workload submit')}`)
    const [workload = 'no workload'] = /0x[0-9a-f]{64}/.exec(submitted) ?? []
    expect(await shell(take('npx gevulot workload fetch', { '<workload>': workload }))).to.match(/^Valid, /)
    expect(await readFile(join(directory, 'out/proof'))).to.have.length(8)
    const asked = await readFile(join(directory, 'words'))
    expect((await readFile(join(directory, 'out/public_inputs'))).equals(asked)).to.equal(true)
  })

  it('gets a proof over HTTP, with a key and nothing else', async () => {
    await shell(take('(umask 077; npx gevulot api add-key'))
    const port = await freePort()
    const serve = take('npx gevulot api serve').split(' ').slice(2)
    server = startCli([...serve, '--port', String(port), '--json'], ground())
    const [line] = (await once(server.stdout!, 'data')) as [Buffer]
    url = (JSON.parse(line.toString()) as { url: string }).url
    const program = take('PROGRAM=')
    const { request } = JSON.parse(await shell(`${program}; ${take('curl')}`)) as { request: string }
    const workload = await until(take('curl', { '<request>': request }), 'workload')
    const proof = await until(take('curl', { '<workload>': workload }), 'proof')
    expect(Buffer.from(proof, 'base64')).to.have.length(8)
    expect(commands).to.deep.equal([])
    // The same by the package's own client, which checks what it is answered.
    const script = `
      import { readFile } from 'node:fs/promises'
      import { createApiClient } from '@gevulot/sdk/api'
      const api = createApiClient({ url: '${url}', apiKey: (await readFile('key', 'utf8')).trim() })
      const { workload } = await api.getRequest({ request: '${request}' })
      const { proof } = await api.getProofBytes({ workload })
      console.log(JSON.stringify({ workload, proof: Buffer.from(proof).toString('base64') }))`
    await writeFile(join(directory, 'client.mjs'), script)
    expect(JSON.parse(await shell('node client.mjs'))).to.deep.equal({ workload, proof })
  })

  it('gets a proof in a browser, with a wallet', async function () {
    const path = findBrowser()
    if (path === undefined) {
      console.log('  skip: there is no Chromium; on Debian: apt-get install chromium')
      this.skip()
    }
    const [, address = ''] = /^In the browser: .*<(.+?)>/m.exec(page) ?? []
    const browser = await startBrowser(path)
    try {
      const { page: tab } = await openPage(browser)
      const key = (await readFile(info.requester.keyFile, 'utf8')).trim()
      await new BrowserWallet(key, new JsonRpcProvider(info.rpcUrl), info.chainId).install(tab, 'A wallet')
      await tab.goto(address.replace(SERVER, url))
      await tab.getByRole('link', { name: /^Program / }).click()
      await tab.getByRole('link', { name: 'Ask for a proof' }).click()
      await tab.getByLabel('Maximum running time').fill('60')
      await tab.getByLabel('Public inputs').fill('my first proof in a browser')
      await tab.getByRole('button', { name: 'Submit with a wallet' }).click()
      await tab.waitForURL('**/workloads/0x*', { timeout: 60_000 })
      await tab.locator('h1 .tag', { hasText: 'proven' }).waitFor({ timeout: 120_000 })
      const [answer] = await Promise.all([
        tab.waitForResponse((response) => response.url().endsWith('/proof')),
        tab.getByRole('link', { name: 'as JSON' }).click(),
      ])
      const { proof, publicInputs } = (await answer.json()) as { proof: string; publicInputs: string }
      expect(Buffer.from(publicInputs, 'base64').toString()).to.equal('my first proof in a browser')
      expect(Buffer.from(proof, 'base64')).to.have.length(8)
    } finally {
      await browser.close()
    }
  })

  it('says what is in the way: the port, the directory, another network', async () => {
    const start = (...args: string[]) => runCli(['devnet', ...args], ground())
    const { port } = new URL(info.rpcUrl)
    expect((await start('--port', port, '--directory', 'other')).stderr).to.include('DEVNET_PORT_TAKEN')
    expect((await start('--port', '0')).stderr).to.include('another local network uses')
    await mkdir(join(directory, 'mine'))
    await writeFile(join(directory, 'mine/precious'), 'x')
    expect((await start('--port', '0', '--directory', 'mine')).stderr).to.include('DEVNET_DIRECTORY_REFUSED')
    await access(join(directory, 'mine/precious'))
  })

  it('stops cleanly', async () => {
    server!.kill('SIGTERM')
    expect(await once(server!, 'exit')).to.deep.equal([0, null])
    devnet.kill('SIGINT')
    const [code] = (await once(devnet, 'exit')) as [number]
    expect(code).to.equal(0)
    await fetch(info.rpcUrl).then(
      () => expect.fail('the chain still answers'),
      () => undefined,
    )
    const log = await readFile(info.provers[0]!.log, 'utf8')
    expect(log).to.include('"worker stopped"')
  })
})
