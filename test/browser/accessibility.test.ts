import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AxeResults } from 'axe-core'
import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'
import type { Browser, Page } from 'playwright-core'
import { programIdOf } from '../../sdk/src/chain/programIdOf.js'
import { findBrowser, openPage, startBrowser, tells } from '../support/browser.js'
import { ExplorerBench } from '../support/ExplorerBench.js'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const WIDE = { width: 1280, height: 900 }
const PHONE = { width: 360, height: 740 }
/** 1280 by 1024, enlarged to 200 % and to 400 %. */
const ENLARGED = [
  { width: 640, height: 512 },
  { width: 320, height: 256 },
]
/** More stops of the keyboard than any page has. */
const MOST_STOPS = 150
const STOPS = 'a[href], button:not(:disabled), input, textarea, select, summary, [tabindex="0"]'

/** What has the focus, as somebody sees and hears it. Runs in the page. */
const FOCUSED = `(() => {
  const one = document.activeElement
  if (one === null || one === document.body) return null
  const style = getComputedStyle(one)
  const box = one.getBoundingClientRect()
  const within = (from, to, most) => (Math.max(from, 0) + Math.min(to, most)) / 2
  const on = document.elementFromPoint(within(box.left, box.right, innerWidth), within(box.top, box.bottom, innerHeight))
  return {
    index: [...document.querySelectorAll(${JSON.stringify(STOPS)})].indexOf(one),
    what: one.outerHTML.slice(0, 120),
    isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    // Nothing lies on it, as the header would that stays in its place.
    isInView: on !== null && (one.contains(on) || on.contains(one)),
  }
})()`

interface Focused {
  readonly index: number
  readonly what: string
  readonly isMarked: boolean
  readonly isInView: boolean
}

// What axe finds by its rules, and what only who presses keys finds.
describe('browser: accessibility', function () {
  this.timeout(300_000)
  let bench: ExplorerBench
  let browser: Browser
  let axe: string
  let places: readonly string[]
  let workload: string

  before(async function () {
    const path = findBrowser()
    if (path === undefined) {
      console.log('  skip: there is no Chromium; on Debian: apt-get install chromium')
      this.skip()
    }
    axe = await readFile(AXE, 'utf8')
    bench = await ExplorerBench.start()
    browser = await startBrowser(path)
    const { client, devnet } = bench
    workload = await bench.submit()
    await client.waitForProof({ workload: workload as `0x${string}` })
    // Nothing is on its way any more that could change a page while it is looked at.
    while ((await client.getWorkload({ workload: workload as `0x${string}` })).status !== 'proven') {
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    const { program, provers } = devnet.info
    places = [
      ...[
        '/',
        '/workloads',
        '/workloads?status=expired',
        `/workloads/${workload}`,
        '/programs',
        `/programs/${program}`,
      ],
      ...['/provers', `/accounts/${provers[0]?.operator}`, `/accounts/${client.account}`, '/economics?per=6'],
      ...['/submit', `/submit?program=${program}`, '/nowhere'],
    ]
  })
  after(async () => {
    await (browser as Browser | undefined)?.close()
    await (bench as ExplorerBench | undefined)?.stop()
  })

  /** Opens a place and waits until it has all it shows. */
  async function look(page: Page, place: string): Promise<void> {
    await page.goto(bench.api.url + place)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor({ state: 'attached' })
    await page.locator('.empty', { hasText: 'Reading' }).first().waitFor({ state: 'detached' })
    if (place.startsWith('/workloads/')) await page.locator('[data-audit]').waitFor()
    if (place.startsWith('/submit?')) await page.getByText('The least fee is').waitFor()
    await page
      .locator('footer')
      .getByText(/^Chain/)
      .waitFor()
  }

  /** As a tab leaves it that is closed before its request has ended, one of whose files is too large to be kept. */
  async function leaveUnfinished(page: Page): Promise<void> {
    const { client, devnet } = bench
    const kept = {
      ...{ market: client.contracts.addresses.market, account: client.account, nonce: 1, since: 1_790_000_000 },
      ...{ program: devnet.info.program, maxRunTime: 600, redundancy: 3, fee: '8220833333333334', args: [] },
      files: { public_inputs: 'AA==', witness: null },
    }
    await page.goto(bench.api.url)
    await page.evaluate(`localStorage.setItem('gevulot-submission', ${JSON.stringify(JSON.stringify(kept))})`)
  }

  /** Waits for the page to know which tables are wider than their place: it does a moment after they are laid out. One that it never knows axe finds. */
  async function measured(page: Page): Promise<void> {
    const all =
      '[...document.querySelectorAll(".table")].every((one) => one.scrollWidth <= one.clientWidth || one.tabIndex === 0)'
    for (const end = Date.now() + 10_000; Date.now() < end && !(await page.evaluate<boolean>(all)); await sleep(50));
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of [
      ['wide', WIDE],
      ['on a phone', PHONE],
    ] as const) {
      it(`axe finds nothing, ${colorScheme} and ${size}`, async () => {
        const { page } = await openPage(browser, { viewport, colorScheme, reducedMotion: 'reduce' })
        await leaveUnfinished(page)
        for (const place of places) {
          await look(page, place)
          if (place.startsWith('/submit')) await page.getByText('is not finished').waitFor()
          await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
          await measured(page)
          // Not as a script of the page, which its policy refuses.
          await page.evaluate(axe)
          const { violations, passes } = await page.evaluate<AxeResults>('axe.run(document)')
          const found = violations.flatMap(({ id, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${place} ${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
          )
          expect(found, place).to.deep.equal([])
          expect(passes.length, place).to.be.greaterThan(10)
        }
        await page.context().close()
      })
    }
  }

  it('Tab goes to every control in the order of the page, and shows where it is', async () => {
    for (const viewport of [WIDE, PHONE, ENLARGED[0]!]) {
      const { page } = await openPage(browser, { viewport, reducedMotion: 'reduce' })
      for (const place of places) {
        await look(page, place)
        await measured(page)
        const wanted = await page
          .locator(STOPS)
          .evaluateAll((all) =>
            all.flatMap((one, index) =>
              (one as unknown as { checkVisibility(): boolean }).checkVisibility() ? [index] : [],
            ),
          )
        const seen: number[] = []
        for (let stop = 0; stop < MOST_STOPS; stop++) {
          await page.keyboard.press('Tab')
          const focused = await page.evaluate<Focused | null>(FOCUSED)
          if (focused === null || focused.index === seen[0]) break
          expect(focused, `${place} at ${viewport.width}: ${focused.what}`).to.include({
            isMarked: true,
            isInView: true,
          })
          seen.push(focused.index)
        }
        expect(seen, `${place} at ${viewport.width}`).to.deep.equal(wanted)
      }
      await page.context().close()
    }
  })

  it('search: arrows choose, Escape closes and then empties, Enter opens, also before the answer', async () => {
    const { client, devnet } = bench
    const { chainId, program } = devnet.info
    const parts = { ...(await client.getProgram({ program })), chainId, market: devnet.info.contracts.market }
    const prefix = program.slice(0, 5)
    const verifier = parts.verifier as `0x${string}`
    let prover = parts.prover
    do prover = hexlify(randomBytes(32)) as `0x${string}`
    while (!programIdOf({ ...parts, verifier, prover }).startsWith(prefix))
    const { verifierGas } = parts
    const twin = await client.deployProgram({ prover, verifier, verifierGas })
    expect(twin.program).to.match(new RegExp(`^${prefix}`))

    const { page } = await openPage(browser)
    await look(page, '/programs')
    await page.getByRole('row').nth(2).waitFor()
    await look(page, '/economics')
    const field = page.getByRole('combobox')
    const option = page.getByRole('option')
    await page.keyboard.press('/')
    await page.keyboard.type(prefix.slice(0, 3))
    await option.filter({ hasText: 'three digits of an id at least' }).waitFor()
    await page.keyboard.type(prefix.slice(3))
    await option.nth(1).waitFor()
    await page
      .getByRole('status')
      .filter({ hasText: /^\d+ results$/ })
      .waitFor({ state: 'attached' })
    expect(await option.nth(0).getAttribute('aria-selected')).to.equal('true')
    await page.keyboard.press('ArrowDown')
    expect(await option.nth(1).getAttribute('aria-selected')).to.equal('true')
    expect(await field.getAttribute('aria-activedescendant')).to.equal(await option.nth(1).getAttribute('id'))
    await page.keyboard.press('Escape')
    await option.first().waitFor({ state: 'detached' })
    expect(await field.inputValue()).to.equal(prefix)
    await page.keyboard.press('Escape')
    expect(await field.inputValue()).to.equal('')
    await page.keyboard.insertText(workload)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: /^Workload/ }).waitFor()
    await page.waitForFunction('document.activeElement.id === "content"')
    await page.context().close()
  })

  it('what is folded, chosen or copied is so by keys, and is told', async () => {
    const { page } = await openPage(browser, { permissions: ['clipboard-read', 'clipboard-write'] })
    await look(page, `/workloads/${workload}`)
    const fold = page.locator('summary', { hasText: 'events, as the contracts have them' })
    await fold.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('table', { name: 'Events in order' }).waitFor()
    // On a desk all of it is seen: no word of it is longer than its place.
    expect(await page.getByRole('region', { name: 'Events in order' }).count()).to.equal(0)
    await page.getByRole('button', { name: 'copy the id' }).focus()
    await tells(page, 'The id is copied.', () => page.keyboard.press('Space'))
    expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(workload)
    await page.getByRole('button', { name: /^Colours: system/ }).focus()
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: /^Colours: light/ }).waitFor()
    await look(page, '/economics')
    await page.getByRole('navigation', { name: 'Length of a bar' }).getByRole('link').nth(1).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/economics?per=6')
    await page.waitForFunction('document.activeElement.id === "content"')
    await page.context().close()
  })

  it('a chart has a name, and its figures as text', async () => {
    const { page } = await openPage(browser)
    for (const place of places) {
      await look(page, place)
      for (const chart of await page.locator('figure').all()) {
        const name = await chart.getByRole('img').getAttribute('aria-label')
        expect(name, place).to.match(/\w+ \w+/)
        const said = (await chart.locator('table').count()) + (/median .* \d+ proofs?$/.test(name ?? '') ? 1 : 0)
        expect(said, `${place}: ${name}`).to.equal(1)
      }
    }
    await page.context().close()
  })

  it('nothing is cut off at 200 % and 400 %', async () => {
    for (const viewport of ENLARGED) {
      const { page } = await openPage(browser, { viewport })
      for (const place of places) {
        await look(page, place)
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
        expect(wide, `${place} at ${viewport.width}`).to.be.at.most(0)
      }
      await page.context().close()
    }
  })
})
