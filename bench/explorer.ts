/**
 * The index and the explorer, as a report: how fast events are taken in, how fast the lists and sums of a server with that many workloads are
 * answered, how large the page is, and how long it takes to show them in Chromium. `WORKLOADS` says how many; 100,000 by default.
 * Events are made up, in the form in which the follower hands them to the index; what the endpoint takes to answer is not in it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { getAddress, hexlify, keccak256 } from 'ethers'

import { createApiClient } from '../sdk/src/api/createApiClient.js'
import { IndexStore } from '../sdk/src/api/chainIndex/IndexStore.js'
import { startApi } from '../sdk/src/api/server/startApi.js'
import { migrations } from '../sdk/src/api/store/migrations.js'
import type { ApiSchema, EventsTable } from '../sdk/src/api/store/schema.js'
import { packTerms } from '../sdk/src/chain/terms.js'
import { openEmbedded } from '../sdk/src/database/openEmbedded.js'
import { jsonLogger } from '../sdk/src/worker/log/Logger.js'
import { findBrowser, openPage, startBrowser } from '../test/support/browser.js'
import { startNetwork } from '../test/support/network.js'
import { type Row, writeReport } from './report.js'

const WORKLOADS = Number(process.env['WORKLOADS'] ?? 100_000)
const OPERATORS = 50
const PROGRAMS = 20
const BLOCKS = 1_000
const BLOCKS_A_BATCH = 20
const ASKED = 15
const TOKEN = 10n ** 18n

const directory = mkdtempSync(join(tmpdir(), 'gevulot-bench-'))
const hash = (text: string): string => keccak256(Buffer.from(text))
const account = (number: number): string => getAddress(hexlify(hash(`account ${number}`)).slice(0, 42))

/** Rows in the order of the chain. */
class Writer {
  readonly rows: EventsTable[] = []
  readonly #from: number
  readonly #time: number

  constructor(from: number, time: number) {
    this.#from = from
    this.#time = time
  }

  add(offset: number, contract: string, name: string, args: Readonly<Record<string, unknown>>): void {
    const block = this.#from + offset
    const last = this.rows.at(-1)
    const logIndex = last?.block === block ? last.log_index + 1 : 0
    const { workload = null, seat = null } = args as { workload?: string; seat?: number }
    const transaction = hash(`transaction ${block} ${logIndex}`)
    const time = this.#time + offset
    this.rows.push({ block, log_index: logIndex, time, transaction, contract, name, workload, seat, args: JSON.stringify(args) }) // prettier-ignore
  }
}

function deployments(writer: Writer): void {
  const spec = { prover: hash('prover'), verifierProgram: hash(''), verifier: account(999), verifierGas: 300_000, class: 1, bindsProver: false } // prettier-ignore
  for (let index = 0; index < PROGRAMS; index++) {
    const program = { program: hash(`program ${index}`), deployer: account(1), spec, codeHash: hash('code'), uri: '' }
    writer.add(0, 'market', 'ProgramDeployed', program)
  }
  for (let seat = 1; seat <= OPERATORS; seat++) {
    const operator = account(seat)
    writer.add(0, 'registry', 'Staked', { seat, operator, class: 1, bond: String(1_000n * TOKEN) })
    writer.add(0, 'registry', 'Joined', { seat, operator, priceFloor: '0', fromEpoch: 1 })
  }
}

/** The life of a workload with one slot, one act a block. */
function life(index: number): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
  const [workload, seat] = [hash(`workload ${index}`), 1 + (index % OPERATORS)]
  const terms = { fee: TOKEN, maxRunTime: 600, redundancy: 1, rescue: 60, class: 1, rules: 1, nonce: index, account: 1 }
  const word = packTerms(terms).toString()
  const candidates = [{ seat, operator: account(seat), draw: 'Drawn', slot: 0 }]
  const submitted = { requester: account(2), program: hash(`program ${index % PROGRAMS}`), inputs: hash('i'), publicInputs: hash('p'), deliveryKey: hash(''), terms: word, inputsUri: '' } // prettier-ignore
  const fate = index % 20
  const paid = String((TOKEN * 9n) / 10n)
  if (fate === 0) {
    const finished = { outcome: 'TimedOut', paid: '0', refunded: '0', burned: paid }
    return [['Submitted', { workload, ...submitted }], ['Assigned', { workload, caller: account(3), candidates }], ['Accepted', { workload, seat }], ['Missed', { workload, seat, streak: 1 }], ['Finished', { workload, ...finished }]] // prettier-ignore
  }
  const finished = { outcome: 'Proven', paid, refunded: '0', burned: String(TOKEN / 20n) }
  return [['Submitted', { workload, ...submitted }], ['Assigned', { workload, caller: account(3), candidates }], ['Accepted', { workload, seat }], ['Revealed', { workload, seat, proofDigest: hash('d'), valid: true }], ['SlotSettled', { workload, seat, rank: 1, paid }], ['Finished', { workload, ...finished }]] // prettier-ignore
}

function events(from: number, time: number): EventsTable[] {
  const writer = new Writer(from, time)
  deployments(writer)
  const acts = Array.from({ length: BLOCKS }, (): (() => void)[] => [])
  for (let index = 0; index < WORKLOADS; index++) {
    const first = 1 + Math.floor((index / WORKLOADS) * (BLOCKS - 40))
    const steps = life(index)
    for (const [step, [name, args]] of steps.entries()) {
      const offset = first + step + (step > 2 ? (index * 7) % 25 : 0)
      acts[offset]?.push(() => writer.add(offset, 'market', name, args))
    }
  }
  for (const block of acts) for (const act of block) act()
  return writer.rows
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}

const network = await startNetwork()
try {
  const client = await network.client()
  const { provider, fromBlock, chainId, addresses } = client.contracts
  const blockAt = async (tag: number | 'latest') => {
    const block = await provider.getBlock(tag)
    if (block === null) throw new Error(`there is no block ${tag}`)
    return block
  }
  const { number: before, timestamp } = await blockAt('latest')
  await network.chain.mine(BLOCKS)
  const [first, head] = [await blockAt(fromBlock), await blockAt('latest')]
  const rows = events(before + 1, timestamp)
  const db = await openEmbedded<ApiSchema>(join(directory, 'database'), migrations)
  const store = new IndexStore(db)
  await store.open([chainId, addresses.market, first.hash].join('/'))
  const end = { number: head.number, hash: head.hash ?? '' }
  const cursor = { start: fromBlock, next: end.number + 1, checkpoints: [end] }
  const [all, processor] = [rows.length, process.cpuUsage()]
  const took = await timed(async () => {
    for (let from = before + 1, index = 0; index < rows.length; from += BLOCKS_A_BATCH) {
      let last = index
      for (let row = rows[last]; row !== undefined && row.block < from + BLOCKS_A_BATCH; row = rows[last]) last++
      const to = { block: from + BLOCKS_A_BATCH - 1, time: timestamp }
      await store.apply({ from, to, events: rows.slice(index, last), cursor })
      index = last
    }
    await store.apply({ from: end.number + 1, to: { block: end.number, time: head.timestamp }, events: [], cursor })
  })
  const used = process.cpuUsage(processor)
  await db.destroy()
  const perSecond = (milliseconds: number): number => Math.round((1_000 * all) / milliseconds)
  const report: Row[] = [
    { name: `index: µs of wall time an event, ${WORKLOADS} workloads`, value: Math.round((1_000 * took) / all), unit: 'µs', target: 1_000, peer: '–' }, // prettier-ignore
    { name: `index: µs of processor time an event, ${WORKLOADS} workloads`, value: Math.round((used.user + used.system) / all), unit: 'µs', target: 500, peer: '–' }, // prettier-ignore
  ]
  console.log(`${all} events, ${perSecond(took)} a second`)
  const log = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
  const rate = { perSecond: 10_000, burst: 10_000 }
  const api = await startApi({ client, directory, log, version: '0', port: 0, proxy: false, rate })
  try {
    const reader = createApiClient({ url: api.url })
    while ((await reader.getNetwork({})).index === null) await provider.getBlockNumber()
    const ask = async (name: string, run: () => Promise<unknown>, target: number, pause = 0): Promise<void> => {
      const times: number[] = []
      for (let index = 0; index < (pause === 0 ? ASKED : 3); index++) {
        await new Promise((resolve) => setTimeout(resolve, pause))
        times.push(await timed(run))
      }
      report.push({ name: `API with ${WORKLOADS} workloads: ${name}`, value: Math.round(median(times)), unit: 'ms', target, peer: '–' }) // prettier-ignore
    }
    await ask('a page of workloads', () => reader.listWorkloads({}), 50)
    await ask('a page of an operator', () => reader.listWorkloads({ operator: account(7) }), 200)
    await ask('search by the beginning of an id', () => reader.search({ q: hash('workload 77').slice(0, 12) }), 50)
    // Sums are kept for three seconds; asked again after that.
    await ask('totals, not kept', () => reader.getNetwork({}), 1_000, 3_100)
    await ask('the leader board, not kept', () => reader.listOperators({}), 1_000, 3_100)
    const assets = join(import.meta.dirname, '../sdk/dist/explorer/assets')
    const sizeOf = (name: string): number => gzipSync(readFileSync(join(assets, name))).length
    const bytes = (isWallets: boolean): number =>
      readdirSync(assets)
        .filter((name) => name.startsWith('walletActs') === isWallets)
        .reduce((sum, name) => sum + sizeOf(name), 0)
    report.push(
      ...[
        { name: 'explorer: what a visitor loads, compressed', value: bytes(false) },
        { name: 'explorer: what speaks to wallets, compressed', value: bytes(true) },
      ].map((row) => ({ ...row, unit: 'bytes', target: 150_000, peer: '–' })),
    )
    const chromium = findBrowser()
    if (chromium === undefined) console.log('no Chromium: the page is not measured')
    else report.push(...(await paints(chromium, api.url)))
  } finally {
    await api.stop()
  }
  writeReport(report)
} finally {
  await network.chain.stop()
  rmSync(directory, { recursive: true, force: true })
}

/** A visitor with nothing in the cache. */
async function paints(chromium: string, url: string): Promise<Row[]> {
  const browser = await startBrowser(chromium)
  const first: number[] = []
  const rows: number[] = []
  for (let index = 0; index < 5; index++) {
    const { page } = await openPage(browser)
    rows.push(
      await timed(async () => {
        await page.goto(url)
        await page.getByRole('table', { name: 'The newest workloads' }).getByRole('row').nth(12).waitFor()
      }),
    )
    first.push(await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    await page.context().close()
  }
  await browser.close()
  const with_ = `explorer with ${WORKLOADS} workloads`
  return [
    { name: `${with_}: first paint`, value: Math.round(median(first)), unit: 'ms', target: 500, peer: '–' },
    { name: `${with_}: newest workloads shown`, value: Math.round(median(rows)), unit: 'ms', target: 2_000, peer: '–' },
  ]
}
