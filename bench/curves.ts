/**
 * How gas grows: with redundancy 1 to 8 and with 10, 1,000 and 10,000 seats; and what room the contracts have left. Writes rows into
 * bench/report.json and a table for readers into docs/gas.md. Batches are in {@link file://./batches.ts}.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { deployable } from '../scripts/lib/artifacts.js'
import { Network, RUN_SECONDS } from './gas/Network.js'
import { writeReport, type Row } from './report.js'

const SEATS = [10, 1_000, 10_000] as const
const REDUNDANCIES = [1, 2, 3, 4, 5, 6, 7, 8] as const
/** EIP-170. */
const CODE_LIMIT = 24_576
/** Lives measured for each figure; the cheapest counts: the steady state, without a seat whose word was never written. */
const TRIES = 3
const PAGE = join(import.meta.dirname, '..', 'docs', 'gas.md')

interface Gas {
  readonly assign: number
  readonly life: number
}

/** Both figures for one redundancy and number of seats. */
interface Point extends Gas {
  readonly seats: number
  readonly redundancy: number
}

const figure = new Intl.NumberFormat('en')

/** One life: from redundancy 2 on every seat commits, reveals, and one settling pays all. */
async function live(net: Network, redundancy: number): Promise<Gas> {
  const submitted = await net.submit(redundancy)
  const [workload] = submitted.workloads
  if (workload === undefined) throw new Error('nothing was submitted')
  const { gas: assign, drawn } = await net.assign([workload])
  const seats = drawn.flat()
  if (seats.length !== redundancy) throw new Error(`${seats.length} of ${redundancy} slots were drawn`)
  let life = submitted.gas + assign
  if (redundancy === 1) {
    for (const seat of seats) life += await net.submitProof(workload, seat)
    return { assign, life }
  }
  for (const seat of seats) life += await net.commit(workload, seat)
  await net.pass(40)
  for (const seat of seats) life += await net.reveal(workload, seat)
  return { assign, life: life + (await net.settle(workload, seats)) }
}

/** Writes the words of many seats once, as a network in use has done. A seat has room for three workloads that wait for their end. */
async function warm(net: Network, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const { workloads } = await net.submit(8, 3)
    const running = []
    for (const workload of workloads) {
      const { drawn } = await net.assign([workload])
      const seats = drawn.flat()
      for (const seat of seats) await net.fail(workload, seat)
      running.push({ workload, seats })
    }
    await net.pass(RUN_SECONDS + 1)
    for (const { workload, seats } of running) await net.settle(workload, seats)
  }
}

async function curve(seats: number): Promise<Point[]> {
  const net = await Network.with(seats)
  await warm(net, seats > 10 ? 12 : 2)
  const points: Point[] = []
  for (const redundancy of REDUNDANCIES) {
    const lives: Gas[] = []
    for (let tries = 0; tries < TRIES; tries += 1) lives.push(await live(net, redundancy))
    const assign = Math.min(...lives.map((one) => one.assign))
    points.push({ seats, redundancy, assign, life: Math.min(...lives.map((one) => one.life)) })
  }
  return points
}

/** A row with no target of its own: what was measured is what may be exceeded by nothing but a new measurement. */
function row(name: string, value: number, unit: string, target: number): Row {
  return { name, value, unit, target, peer: '–' }
}

const points: Point[] = []
for (const seats of SEATS) points.push(...(await curve(seats)))

const sizes = deployable()
  .map(({ contractName, deployedBytecode }) => ({ contractName, size: (deployedBytecode.length - 2) / 2 }))
  .filter(({ size }) => size > 2_000)
  .sort((a, b) => b.size - a.size)

writeReport([
  ...points.flatMap(({ seats, redundancy, assign, life }) => {
    const where = `redundancy ${redundancy}, ${figure.format(seats)} seats`
    return [
      row(`curve: assign, ${where}`, assign, 'gas', assign),
      row(`curve: whole life, ${where}`, life, 'gas', life),
    ]
  }),
  ...sizes.map(({ contractName, size }) => row(`size of ${contractName}`, size, 'bytes', CODE_LIMIT)),
])

const heads = SEATS.map((seats) => `${figure.format(seats)} seats`)
const lines = [
  '# How gas grows',
  '',
  'Written by `npm run bench:curves`, from whole transactions with a mock verifier and a 256-byte proof; the cheapest of three lives each.',
  'All rows, those of batches of 1 to 64 and those with targets among them, are in [bench/report.json](../bench/report.json).',
  '',
  'A seat that works for the first time costs 17,100 gas more, once and for all. Ten seats have all worked when the figures are taken, of 10,000 few',
  'have: that, and not the number of seats, is what the columns differ by. The sixteen operators of the bench hold all seats, so from redundancy 6 on a',
  'draw often meets one of them twice and looks at more candidates.',
  '',
  `| Redundancy | ${heads.map((head) => `assign, ${head}`).join(' | ')} | ${heads.map((head) => `whole life, ${head}`).join(' | ')} | life for each proof |`,
  `| --- | ${SEATS.map(() => '---').join(' | ')} | ${SEATS.map(() => '---').join(' | ')} | --- |`,
  ...REDUNDANCIES.map((redundancy) => {
    const here = points.filter((point) => point.redundancy === redundancy)
    const each = here
      .filter(({ seats }) => seats === 1_000)
      .map(({ life }) => figure.format(Math.round(life / redundancy)))
    const figures = [...here.map(({ assign }) => assign), ...here.map(({ life }) => life)].map((n) => figure.format(n))
    return `| ${[redundancy, ...figures, ...each].join(' | ')} |`
  }),
  '',
  'Room under the 24,576 bytes that a contract may have:',
  '',
  '| Contract | Bytes | Room |',
  '| --- | --- | --- |',
  ...sizes.map(
    ({ contractName, size }) => `| ${contractName} | ${figure.format(size)} | ${figure.format(CODE_LIMIT - size)} |`,
  ),
  '',
]
writeFileSync(PAGE, lines.join('\n'))
