import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { TestApi } from '../support/api.js'
import { findBrowser, openPage, startBrowser, type Watched } from '../support/browser.js'
import { startCommittee, type Committee } from '../support/committee.js'
import { judgedWorkload } from '../support/judgedWorkload.js'
import { BAD_PROOF, operatorOf, PROOF, startNetwork, TOKEN, type Network } from '../support/network.js'

/** How many reveals can be seen in their bars. */
const MARKS_WITHIN = `[...document.querySelectorAll('.lane .fill-violet')]
  .filter((one) => one.getBoundingClientRect().right <= one.parentElement.getBoundingClientRect().right + 0.5).length`

describe('browser: a workload that a committee judges', function () {
  this.timeout(120_000)
  let network: Network
  let committee: Committee
  let api: TestApi
  let browser: Browser
  let watched: Watched

  before(async function () {
    const path = findBrowser()
    if (path === undefined) {
      console.log('  skip: there is no Chromium; on Debian: apt-get install chromium')
      this.skip()
    }
    network = await startNetwork()
    committee = await startCommittee(network)
    api = await TestApi.start(network)
    await api.client.deposit({ amount: 100n * TOKEN })
    browser = await startBrowser(path)
    watched = await openPage(browser)
  })
  after(async () => {
    await (browser as Browser | undefined)?.close()
    await (api as TestApi | undefined)?.remove()
    await (network as Network | undefined)?.chain.stop()
  })

  it('shows commits, ranks, verdicts, payments and burns of three ranks, of which one is invalid', async () => {
    const proofs = [PROOF, BAD_PROOF, PROOF]
    const { workload, seats } = await judgedWorkload(network, api.client, committee, { proofs, valid: 0b101 })
    const { page } = watched
    await page.goto(`${api.url}/workloads/${workload}`)
    const lanes = page.locator('.lane')
    const proofRows = page.getByRole('table', { name: 'Proofs' }).locator('tbody tr')
    /** What is said of each seat, in the order of the proofs, and the colour of its bar. */
    const lanesShown = () =>
      Promise.all(
        seats.map(async (seat) => {
          const lane = lanes.filter({ hasText: new RegExp(`^Seat ${seat}\\D`) })
          const bar = await lane.locator('[class^=fill-]').first().getAttribute('class')
          return { bar, text: await lane.locator('.what').textContent() }
        }),
      )
    await proofRows.nth(2).waitFor()
    await page.getByText('Committee 1: 7 seats').filter({ hasText: '7 answers.' }).waitFor()
    const verdicts = seats.map((seat, index) => [String(seat), index === 1 ? 'invalid' : 'valid'])
    const verdictsShown = async () =>
      Promise.all((await proofRows.all()).map(async (row) => [
        await row.locator('td').first().textContent(), await row.locator('.tag').textContent(),
      ])) // prettier-ignore
    expect(await verdictsShown()).to.deep.equal(verdicts)
    await page.getByText('The time for commits is over.').waitFor()
    await page.locator('.legend').getByText('failed, or an invalid proof').waitFor()
    // The reveals are the newest that the bars show, and still within them.
    expect(await page.evaluate<number>(MARKS_WITHIN)).to.equal(3)
    // Nobody has a rank yet: an appeal could turn the verdict.
    for (const [index, { bar, text }] of (await lanesShown()).entries()) {
      expect(text).to.match(
        index === 1 ? /^committed after [\d. ]+s.*, invalid$/ : /^committed after [\d. ]+s.*, valid$/,
      )
      expect(bar).to.equal(index === 1 ? 'fill-bad' : 'fill-good')
    }
    expect(await page.getByRole('table', { name: 'Payments' }).count()).to.equal(0)

    await committee.windowOver()
    await committee.windowOver()
    await api.client.settle({ workload })
    const payments = page.getByRole('table', { name: 'Payments' }).locator('tbody tr')
    await payments.nth(1).waitFor({ timeout: 30_000 })
    const [first, second, third] = await lanesShown()
    expect(first!.text).to.match(/, valid, rank 1$/)
    expect(second!.text).to.match(/, invalid, missed$/)
    expect(third!.text).to.match(/, valid, rank 2$/)
    expect([first!.bar, second!.bar, third!.bar]).to.deep.equal(['fill-good', 'fill-bad', 'fill-good'])
    expect(await verdictsShown()).to.deep.equal(verdicts)

    const paid = await Promise.all((await payments.all()).map((row) => row.locator('td').allTextContents()))
    // Of 20: 1 burns, 1 is the committee's, 0.001 goes to callers; 17.999 divides as 1 to 0.8 to 0.64, and the third share burns.
    expect(paid.map(([rank, seat, , , amount]) => [rank, seat, amount])).to.deep.equal([
      ['1', String(seats[0]), '7.3766 GVLT'],
      ['2', String(seats[2]), '5.9013 GVLT'],
    ])
    const parts = page.getByRole('list', { name: 'Where the fee went' }).getByRole('listitem')
    expect(await parts.allTextContents()).to.deep.equal([
      ...['rank 1 7.3766', 'rank 2 5.9013', 'committee 0.9999', 'bounties of callers 0.001', 'burned 5.721'],
    ])
    const figures = await page.getByLabel('The workload at a glance').textContent()
    expect(figures).to.include('Ranks paid2 / 3').and.include('Burned5.721 GVLT')
    expect(await page.locator('.track li.done').count()).to.equal(8)
    expect(watched.complaints).to.deep.equal([])
  })

  it('shows who proves and who judges as operators, and counts what the committee found invalid', async () => {
    const proofs = [BAD_PROOF, PROOF]
    const { workload, seats } = await judgedWorkload(network, api.client, committee, { proofs, valid: 0b10 })
    const { page } = watched
    await page.goto(`${api.url}/workloads/${workload}`)
    await page.getByRole('table', { name: 'Proofs' }).getByText('invalid').waitFor()
    await page.goto(`${api.url}/accounts/${operatorOf(network, seats[0]!).address}`)
    await page
      .getByRole('list', { name: 'Slots' })
      .getByText(/^invalid [1-9]/)
      .waitFor()
    expect(await page.locator('h1').textContent()).to.equal('Operator')
    // Its seats are all of the validators' class.
    await page.goto(`${api.url}/accounts/${committee.validator.address}`)
    await page.getByRole('table', { name: 'Seats' }).waitFor()
    expect(await page.locator('h1').textContent()).to.equal('Operator')
    expect(await page.locator('main').textContent()).not.to.match(/prover/i)
    expect(watched.complaints).to.deep.equal([])
  })
})
