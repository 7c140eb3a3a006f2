import { once } from 'node:events'
import { access, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect } from 'chai'
import { JsonRpcProvider } from 'ethers'
import { findBrowser, openPage, startBrowser } from '../support/browser.js'
import { BrowserWallet } from '../support/BrowserWallet.js'
import { runCli, startCli } from '../support/cli.js'
import { Consumer } from '../support/consumer.js'

interface Info {
  readonly rpcUrl: string
  readonly program: string
  readonly config: string
  readonly chainId: number
  readonly requester: { readonly keyFile: string }
  readonly provers: readonly { readonly log: string }[]
}

// A newcomer's first minutes: the installed package alone writes a project, which npm installs in a folder of its own; that starts a network and gets
// proofs of it: in TypeScript, at the command line, over HTTP and in a browser.
describe('package: a newcomer with the devnet', function () {
  this.timeout(300_000)
  let consumer: Consumer
  let directory: string
  let devnet: ReturnType<typeof startCli>
  let info: Info
  const ground = () => ({ cwd: directory, command: join(directory, 'node_modules/.bin/gevulot') })
  const json = async (...args: string[]) => (await runCli([...args, '--json'], ground())).json()

  before(async () => {
    consumer = await Consumer.install(['@foundry-rs/anvil'])
    // Beside the project that writes it, so that it finds no package but its own.
    const home = { cwd: join(consumer.directory, '..'), command: consumer.command('gevulot') }
    directory = join(home.cwd, 'my-requester')
    expect((await runCli(['init', 'my-requester', '--sdk', consumer.tarball], home)).code).to.equal(0)
    await consumer.npm(directory, ['install', '--prefer-offline', '--no-audit', '--no-fund'])
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
    devnet.kill('SIGKILL')
    await consumer.remove()
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
    const asking = example.split('\n').filter((line) => /^const .*await client|^await client/.test(line))
    expect(asking.length).to.be.within(1, 10)
    expect(await consumer.npm(directory, ['run', 'prove'])).to.match(/^proof [0-9a-f]{16}$/m)
  })

  it('gets a proof at the command line', async () => {
    await writeFile(join(directory, 'words'), Buffer.alloc(32, 7))
    const terms = ['--input', 'public_inputs=words', '--max-run-time', '60', '--deposit']
    const { workload } = await json('workload', 'submit', info.program, ...terms)
    expect(await json('workload', 'fetch', String(workload), '--wait', '--out', 'out')).to.include({ valid: true })
  })

  it('gets a proof over HTTP, with a key and nothing else', async () => {
    const { key } = await json('api', 'add-key', 'newcomer')
    const api = startCli(['api', 'serve', '--port', '0', '--json'], ground())
    const [line] = (await once(api.stdout!, 'data')) as [Buffer]
    const { url } = JSON.parse(line.toString()) as { url: string }
    await writeFile(join(directory, 'ask.mjs'), OVER_HTTP)
    const answer = await consumer.node('../my-requester/ask.mjs', [url, String(key), info.program], directory)
    expect(Buffer.from(answer, 'base64')).to.have.length(8)
    api.kill('SIGTERM')
    expect(await once(api, 'exit')).to.deep.equal([0, null])
  })

  it('gets a proof in a browser, with a wallet', async function () {
    const path = findBrowser()
    if (path === undefined) {
      console.log('  skip: there is no Chromium; on Debian: apt-get install chromium')
      this.skip()
    }
    const api = startCli(['api', 'serve', '--port', '0', '--json'], ground())
    const [line] = (await once(api.stdout!, 'data')) as [Buffer]
    const { url } = JSON.parse(line.toString()) as { url: string }
    const browser = await startBrowser(path)
    try {
      const { page } = await openPage(browser)
      const key = (await readFile(info.requester.keyFile, 'utf8')).trim()
      await new BrowserWallet(key, new JsonRpcProvider(info.rpcUrl), info.chainId).install(page, 'A wallet')
      await page.goto(`${url}/programs/${info.program}`)
      await page.getByRole('link', { name: 'Ask for a proof' }).click()
      await page.getByLabel('Maximum running time').fill('60')
      await page.getByLabel('Public inputs').fill('my first proof in a browser')
      await page.getByRole('button', { name: 'Submit with a wallet' }).click()
      await page.waitForURL('**/workloads/0x*', { timeout: 60_000 })
      await page.locator('h1 .tag', { hasText: 'proven' }).waitFor({ timeout: 120_000 })
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url().endsWith('/proof')),
        page.getByRole('link', { name: 'as JSON' }).click(),
      ])
      const { proof, publicInputs } = (await answer.json()) as { proof: string; publicInputs: string }
      expect(Buffer.from(publicInputs, 'base64').toString()).to.equal('my first proof in a browser')
      expect(Buffer.from(proof, 'base64')).to.have.length(8)
    } finally {
      await browser.close()
      api.kill('SIGTERM')
    }
    expect(await once(api, 'exit')).to.deep.equal([0, null])
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

const OVER_HTTP = `
import { createApiClient } from '@gevulot/sdk/api'
const [url, apiKey, program] = process.argv.slice(2)
const api = createApiClient({ url, apiKey })
const { request } = await api.submitRequest({ program, maxRunTime: 60, inputs: { files: { public_inputs: 'q83vAQID' } } })
for (;;) {
  const { workload } = await api.getRequest({ request })
  const found = workload && await api.getProof({ workload }).catch(() => undefined)
  if (found) { process.stdout.write(found.proof); break }
  await new Promise((resolve) => setTimeout(resolve, 500))
}
`
