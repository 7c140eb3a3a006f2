/**
 * Every place of the explorer as a picture, for somebody to look at: before anything happened and with workloads that were proven, cancelled,
 * expired, not begun and judged by a committee; light and dark, on a desk and on a phone. Over a local network, into `screenshots/`, which is not kept.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { hexlify, randomBytes } from 'ethers'
import type { Page } from 'playwright-core'

import type { Hex } from '../sdk/src/chain/hex.js'
import type { GevulotClient } from '../sdk/src/client/createClient.js'
import { findBrowser, openPage, startBrowser } from '../test/support/browser.js'
import { TestApi } from '../test/support/api.js'
import { startCommittee } from '../test/support/committee.js'
import { ExplorerBench } from '../test/support/ExplorerBench.js'
import { judgedWorkload } from '../test/support/judgedWorkload.js'
import { BAD_PROOF, PROOF, startNetwork, TOKEN } from '../test/support/network.js'
import { root } from '../scripts/lib/artifacts.js'

const FOLDER = join(root, 'screenshots')
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }
const MOST_WAIT_MS = 180_000

interface Place {
  readonly name: string
  readonly path: string
  /** What is done before the picture. */
  readonly act?: (page: Page) => Promise<void>
}

const path = findBrowser()
if (path === undefined) throw new Error('there is no Chromium; on Debian: apt-get install chromium')
rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER, { recursive: true })
const bench = await ExplorerBench.start({ proxy: true })
const browser = await startBrowser(path)
try {
  await take('empty', bench.api.url, [
    { name: 'overview', path: '/' },
    { name: 'workloads', path: '/workloads' },
    { name: 'provers', path: '/provers' },
    { name: 'economics', path: '/economics' },
    { name: 'program', path: `/programs/${bench.devnet.info.program}` },
    { name: 'account', path: `/accounts/${bench.client.account}` },
  ])
  const { proven, failed, cancelled } = await happen(bench.client)
  const { program, provers } = bench.devnet.info
  await take('lived', bench.api.url, [
    { name: 'overview', path: '/' },
    { name: 'search', path: '/', act: search(program.slice(0, 6)) },
    { name: 'search-none', path: '/', act: search('0x') },
    { name: 'workloads', path: '/workloads' },
    { name: 'workloads-none', path: '/workloads?status=revealing' },
    { name: 'proven', path: `/workloads/${proven}`, act: unfold },
    { name: 'failed', path: `/workloads/${failed}`, act: unfold },
    { name: 'cancelled', path: `/workloads/${cancelled}`, act: unfold },
    { name: 'programs', path: '/programs' },
    { name: 'program', path: `/programs/${program}` },
    { name: 'provers', path: '/provers' },
    { name: 'prover', path: `/accounts/${provers[0]?.operator}` },
    { name: 'requester', path: `/accounts/${bench.client.account}` },
    { name: 'economics', path: '/economics?per=6', act: unfold },
    { name: 'submit', path: `/submit?program=${program}`, act: quoted },
    { name: 'submit-unfinished', path: `/submit?program=${program}`, act: unfinished },
    { name: 'nowhere', path: '/nowhere' },
    { name: 'unknown', path: `/workloads/${hexlify(randomBytes(32))}` },
  ])
  await takeJudged()
} finally {
  await browser.close()
  await bench.stop()
}

async function take(state: string, url: string, places: readonly Place[]): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const { page } = await openPage(browser, { viewport, colorScheme, reducedMotion: 'reduce' })
      for (const { name, path, act } of places) {
        await page.goto(url + path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page.locator('.empty', { hasText: 'Reading' }).first().waitFor({ state: 'detached' })
        const footer = page.locator('footer')
        await footer.getByText(/^Chain/).waitFor()
        await act?.(page)
        const file = `${state}-${name}-${size}-${colorScheme}.png`
        await page.screenshot({ path: join(FOLDER, file), fullPage: true })
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
        process.stdout.write(`${file}${wide > 0 ? `: ${wide} pixels too wide` : ''}\n`)
      }
      await page.context().close()
    }
  }
}

/** Three ranks of a program without a verifier contract, one of them invalid: with a verdict that can be appealed, and paid. */
async function takeJudged(): Promise<void> {
  const network = await startNetwork()
  const api = await TestApi.start(network)
  try {
    await api.client.deposit({ amount: 100n * TOKEN })
    const committee = await startCommittee(network)
    const proofs = { proofs: [PROOF, BAD_PROOF, PROOF], valid: 0b101 }
    const { workload } = await judgedWorkload(network, api.client, committee, proofs)
    const path = `/workloads/${workload}`
    await take('judged', api.url, [{ name: 'verdict', path, act: unfold }])
    await committee.windowOver()
    await committee.windowOver()
    await api.client.settle({ workload })
    await take('judged', api.url, [
      { name: 'paid', path, act: unfold },
      { name: 'validator', path: `/accounts/${committee.validator.address}` },
    ])
  } finally {
    await api.remove()
    await network.chain.stop()
  }
}

/** One of each end, and one that has not ended. */
async function happen(client: GevulotClient): Promise<Record<'proven' | 'failed' | 'cancelled', Hex>> {
  const proven = await bench.submit()
  await bench.submit()
  // Nobody has the package of this program.
  const { verifier } = await client.getProgram({ program: bench.devnet.info.program })
  const { program } = await client.deployProgram({ prover: hexlify(randomBytes(32)), verifier: verifier as Hex })
  const { minimumFee: fee } = await client.quote({ program, maxRunTime: 30 })
  const inputs = { digest: hexlify(randomBytes(32)), publicInputs: hexlify(randomBytes(32)) as Hex }
  const ask = async (): Promise<Hex> => (await client.submit({ program, inputs, fee, maxRunTime: 30 })).workload
  const [failed, cancelled] = [await ask(), await ask()]
  await client.cancel({ workload: cancelled })
  for (const end = Date.now() + MOST_WAIT_MS; Date.now() < end; await sleep(1_000)) {
    const { status } = await client.getWorkload({ workload: failed })
    if (status === 'expired') break
  }
  await client.waitForProof({ workload: proven })
  // One that waits for its draw, or for an answer.
  await ask()
  return { proven, failed, cancelled }
}

function search(text: string) {
  return async (page: Page): Promise<void> => {
    await page.keyboard.press('/')
    await page.keyboard.type(text)
    await page.getByRole('option').first().waitFor()
  }
}

async function unfold(page: Page): Promise<void> {
  await page.getByText('Computing the draw again').waitFor({ state: 'detached' })
  await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
}

async function quoted(page: Page): Promise<void> {
  await page.getByText('The least fee is').waitFor()
}

/** As a tab leaves it that is closed before the end. */
async function unfinished(page: Page): Promise<void> {
  const { client, devnet } = bench
  const kept = {
    ...{ market: client.contracts.addresses.market, account: client.account, nonce: 1, since: 1_790_000_000 },
    ...{ program: devnet.info.program, maxRunTime: 600, redundancy: 3, fee: '8220833333333334', args: [] },
    files: { public_inputs: 'AA==', 'witness-of-the-block': null },
  }
  await page.evaluate(`localStorage.setItem('gevulot-submission', ${JSON.stringify(JSON.stringify(kept))})`)
  await page.reload()
  await page.getByText('not finished').waitFor()
  await page.getByRole('button', { name: 'Go on with a wallet' }).click()
  await page.getByText('too large to be kept').last().waitFor()
  await quoted(page)
  await page.evaluate("localStorage.removeItem('gevulot-submission')")
}
