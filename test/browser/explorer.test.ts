import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'
import type { Browser, Page } from 'playwright-core'
import { root } from '../../scripts/lib/artifacts.js'
import type { RunningApi } from '../../sdk/src/api/server/startApi.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import type { Devnet } from '../../sdk/src/devnet/index.js'
import { findBrowser, openPage, startBrowser, tells, type Watched } from '../support/browser.js'
import { runCli } from '../support/cli.js'
import { ExplorerBench } from '../support/ExplorerBench.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const BUILT = join(root, 'sdk/dist/explorer')
/** What a visitor loads before anything shows, and the code that draws again, compressed. */
const MOST_BYTES = 150_000
const HOSTILE = `https://evil.example/"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e\u0007`
const GROUND = 'getComputedStyle(document.body).backgroundColor'
const LINES_OF_NAVIGATION = "new Set([...document.querySelectorAll('.nav a')].map((one) => one.offsetTop)).size"
const CUT_TABLES = "[...document.querySelectorAll('.table')].filter((one) => one.scrollWidth > one.clientWidth).length"
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }

describe('browser: explorer', function () {
  this.timeout(240_000)
  const directory = useTemporaryDirectory()
  let bench: ExplorerBench
  let devnet: Devnet
  let client: GevulotClient
  let api: RunningApi
  let browser: Browser
  let watched: Watched
  let page: Page
  let proven: `0x${string}`
  let hostileProgram: `0x${string}`

  before(async function () {
    const path = findBrowser()
    if (path === undefined) {
      console.log('  skip: there is no Chromium; on Debian: apt-get install chromium')
      this.skip()
    }
    bench = await ExplorerBench.start()
    ;({ devnet, client, api } = bench)
    browser = await startBrowser(path)
    watched = await openPage(browser)
    ;({ page } = watched)
  })
  after(async () => {
    await (browser as Browser | undefined)?.close()
    await (bench as ExplorerBench | undefined)?.stop()
  })

  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name })

  it('shows a workload the moment it is there, and its proof, without a reload', async () => {
    await page.goto(api.url)
    await heading('A market for proofs').waitFor()
    proven = await bench.submit(HOSTILE)
    const row = page
      .getByRole('row')
      .filter({ has: page.getByRole('link', { name: `Workload ${proven.slice(0, 8)}` }) })
    await row.waitFor()
    await row.getByText('proven').waitFor({ timeout: 120_000 })
    await page.getByText('live', { exact: true }).waitFor()
  })

  it('tells the story stage by stage, with the draw computed again by the page itself', async () => {
    await page.getByRole('link', { name: `Workload ${proven.slice(0, 8)}` }).click()
    await heading(/^Workload/).waitFor()
    expect(new URL(page.url()).pathname).to.equal(`/workloads/${proven}`)
    await page.locator('[data-audit=agrees]').waitFor()
    const stages = await page.locator('.track li').allTextContents()
    expect(stages.map((text) => /^[a-z]+/.exec(text)?.[0])).to.deep.equal([
      ...['submit', 'assign', 'run', 'commit', 'reveal', 'verify', 'rank', 'pay'],
    ])
    expect(await page.locator('.track li.done').count()).to.equal(8)
    const { slots } = await client.getWorkload({ workload: proven })
    await page.getByRole('table', { name: 'Candidates' }).getByText('takes slot 1').waitFor()
    const paid = page.getByRole('table', { name: 'Payments' }).getByRole('row')
    expect(await paid.nth(1).textContent()).to.match(new RegExp(`^1${slots[0]!.seat}0x`))
  })

  it('gives the command that fetches the proof, to be copied and run', async () => {
    const { page } = await openPage(browser, { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.goto(`${api.url}/workloads/${proven}`)
    await tells(page, 'The command is copied.', () => page.getByRole('button', { name: 'copy the command' }).click())
    const line = await page.evaluate<string>('navigator.clipboard.readText()')
    await page.getByText(line, { exact: true }).waitFor()
    await page.context().close()
    const [command, ...args] = line.split(' ')
    expect(command).to.equal('gevulot')
    const fetched = await runCli([...args, '--config', devnet.info.config], { cwd: directory() })
    expect(fetched.code, fetched.stderr).to.equal(0)
    const proof = await client.fetchProof({ workload: proven })
    expect(await readFile(join(directory(), 'proof/proof'))).to.deep.equal(Buffer.from(proof.proof))
  })

  it('says so when the draw is not the one that follows from its facts', async () => {
    const { page: other } = await openPage(browser)
    await other.route('**/draw', async (route) => {
      const answer = (await (await route.fetch()).json()) as { have: { draw: string }[] }
      await route.fulfill({ json: { ...answer, have: answer.have.map((one) => ({ ...one, draw: 'Busy', slot: 15 })) } })
    })
    await other.goto(`${api.url}/workloads/${proven}`)
    await other.locator('[data-audit=differs]').waitFor()
    await other.context().close()
  })

  it('what somebody wrote on the chain is text and nothing else', async () => {
    const prover = hexlify(randomBytes(32))
    const verifier = (await client.getProgram({ program: devnet.info.program })).verifier
    hostileProgram = (await client.deployProgram({ prover, verifier: verifier as `0x${string}`, uri: HOSTILE })).program
    await page.goto(`${api.url}/workloads/${proven}`)
    const shown = page.locator('bdi').first()
    expect(await shown.textContent())
      .to.include('<script>')
      .and.to.include('\ufffd')
      .and.not.to.match(/[\u202e\u0007]/)
    for (const place of ['/programs', `/programs/${hostileProgram}`]) {
      await page.goto(api.url + place)
      await page.locator('bdi').filter({ hasText: 'evil.example' }).first().waitFor()
      expect(await page.locator('main img, main script, main iframe, main [href*="evil"]').count(), place).to.equal(0)
    }
    expect(await page.title()).not.to.include('owned')
  })

  it('finds by keyboard alone', async () => {
    await page.goto(`${api.url}/economics`)
    await heading('Economics').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForFunction('document.activeElement.id === "content"')
    await page.keyboard.press('/')
    await page.keyboard.type(proven.slice(0, 14))
    await page.getByRole('option', { name: /workload/ }).waitFor()
    await page.keyboard.press('Enter')
    await heading(/^Workload/).waitFor()
    await page.goBack()
    await heading('Economics').waitFor()
  })

  it('every place opens by its address, on a phone too, and names what it has', async () => {
    const operator = devnet.info.provers[0]!.operator
    const places = [
      ...[
        '/',
        '/workloads',
        '/workloads?status=proven',
        `/workloads/${proven}`,
        '/programs',
        `/programs/${hostileProgram}`,
      ],
      ...['/provers', `/accounts/${operator}`, `/accounts/${client.account}`, '/economics?per=6', '/nowhere'],
      ...['workloads', 'programs'].map((kind) => `/${kind}/${hexlify(randomBytes(32))}`),
    ]
    const phone = await openPage(browser, { ...PHONE, colorScheme: 'dark' })
    for (const place of places) {
      await phone.page.goto(api.url + place)
      await phone.page.getByRole('heading', { level: 1 }).waitFor()
      // A place may read several lists at a time: the first that still reads, until there is none.
      await phone.page.locator('.empty', { hasText: 'Reading' }).first().waitFor({ state: 'detached' })
      const named = phone.page.locator('a:not([aria-label]), button:not([aria-label]), input:not([aria-label])')
      const found = {
        wide: await phone.page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth'),
        nameless: (await named.allTextContents()).filter((text) => text.trim() === '').length,
        unlabelled: await phone.page.locator('table:not(:has(> caption))').count(),
        ground: await phone.page.evaluate<string>(GROUND),
        lines: await phone.page.evaluate<number>(LINES_OF_NAVIGATION),
        cut: await phone.page.evaluate<number>(CUT_TABLES),
      }
      expect(found, place).to.deep.equal({
        wide: 0,
        nameless: 0,
        unlabelled: 0,
        ground: 'rgb(13, 18, 20)',
        lines: 1,
        cut: 0,
      })
    }
    await phone.page.getByRole('combobox').fill(proven.slice(0, 10))
    await phone.page.getByRole('option', { name: /workload/ }).waitFor()
    const panel = (await phone.page.getByRole('listbox').boundingBox())!
    expect(panel.x, 'where results begin').to.be.at.least(0)
    expect(panel.x + panel.width, 'where results end').to.be.at.most(PHONE.viewport.width)
    await phone.page.getByRole('combobox').fill('')
    // The reader's choice is kept.
    await phone.page.getByRole('button', { name: /^Colours/ }).click()
    await phone.page.reload()
    await phone.page.getByRole('heading', { level: 1 }).waitFor()
    const ground = await phone.page.evaluate<string>(GROUND)
    expect(ground).to.equal('rgb(246, 247, 248)')
    expect(phone.complaints.filter((text) => !text.includes('404'))).to.deep.equal([])
    await phone.page.context().close()
  })

  it('breaks no rule of its policy, and speaks to its server alone', () => {
    expect(watched.complaints).to.deep.equal([])
    expect([...watched.origins]).to.deep.equal([api.url])
  })

  it('is served with a policy, and nothing of the disk with it', async () => {
    const response = await fetch(`${api.url}/workloads/${proven}`)
    expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy)
      .to.include("default-src 'none'")
      .and.not.to.match(/unsafe|data:|https?:|\*/)
    expect(response.headers.get('x-content-type-options')).to.equal('nosniff')
    const status = (path: string) =>
      new Promise((resolve, reject) => {
        // Not `fetch`: it would tidy the path.
        request(`${api.url}${path}`, { path }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end()
      })
    for (const path of [
      '/assets/none.js',
      '/../package.json',
      '/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/index.html%00.js',
      '/v1/nothing',
    ]) {
      expect(await status(path), path).to.equal(404)
    }
    expect((await fetch(`${api.url}/v1/nothing`)).headers.get('content-type')).to.equal('application/json')
  })

  it('keeps to its budget of bytes', async () => {
    const names = await readdir(join(BUILT, 'assets'))
    const sizes = await Promise.all(
      names.map(async (name) => [name, gzipSync(await readFile(join(BUILT, 'assets', name))).length] as const),
    )
    const sum = (wallet: boolean): number =>
      sizes.filter(([name]) => name.startsWith('walletActs') === wallet).reduce((total, [, size]) => total + size, 0)
    expect(sum(false), 'what a visitor loads').to.be.within(50_000, MOST_BYTES)
    // Loaded by who presses a button that needs a wallet.
    expect(sum(true), 'what speaks to wallets').to.be.within(50_000, MOST_BYTES)
  })
})
