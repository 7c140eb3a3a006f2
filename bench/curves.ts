/**
 * How gas grows: with redundancy 1 to 8 and with 10, 1,000 and 10,000 seats; and what room the contracts have left. Writes rows into
 * bench/report.json and tables for readers into docs/gas.md. Batches are in {@link file://./batches.ts}.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { deployable } from '../scripts/lib/artifacts.js'
import { hotPath } from './gas/hotPath.js'
import { batch, lives, median, oneProof, only, rankedProofs } from './gas/lives.js'
import { Network } from './gas/Network.js'
import { seatActs } from './gas/seatActs.js'
import { TARGETS } from './gas/targets.js'
import { writeReport, type Row } from './report.js'

const SEATS = [10, 1_000, 10_000] as const
const REDUNDANCIES = [1, 2, 3, 4, 5, 6, 7, 8] as const
/** EIP-170. */
const CODE_LIMIT = 24_576
/** Lives measured for each figure, in which nobody was passed over. */
const LIVES = 5
/** The design's targets, by redundancy. It has none for others. */
const CURVE_TARGETS: Readonly<Record<number, Gas>> = {
  1: { assign: TARGETS['assign 1'], life: TARGETS['one proof, redundancy 1, whole life'] },
  3: { assign: TARGETS['assign 3'], life: TARGETS['three ranked proofs, whole life'] },
}
const BATCHED = '32 workloads of redundancy 1 in batches, each, whole life'
/** Acts with a target of the design's that are no point of the curves. */
const ACTS = [
  'submit',
  'accept',
  'commit',
  'reveal, with the mock verifier',
  BATCHED,
  'stake and join',
  'leave',
  'withdraw',
  'slash',
  'slash and drop',
] as const
const PAGE = join(import.meta.dirname, '..', 'docs', 'gas.md')

type Act = (typeof ACTS)[number]

interface Gas {
  readonly assign: number
  readonly life: number
}

/** Figures for one redundancy and number of seats. */
interface Point extends Gas {
  readonly seats: number
  readonly redundancy: number
}

/** Gas of assigning where one candidate is passed over, by redundancy. */
type PassedOver = ReadonlyMap<number, number>

/** All that is measured of a network of one size. */
interface Size {
  readonly seats: number
  readonly points: readonly Point[]
  readonly acts: Readonly<Partial<Record<Act, number>>>
}

const figure = new Intl.NumberFormat('en')

/** The steady state: every seat has worked before, and nobody is passed over. */
async function measure(seats: number): Promise<Size> {
  const net = await Network.with(seats)
  const hot = await hotPath(net)
  const points: Point[] = []
  for (const redundancy of REDUNDANCIES) {
    const live = () => (redundancy === 1 ? oneProof(net) : rankedProofs(net, redundancy, false))
    const found: readonly Gas[] = await lives<Gas & { readonly passed: number }>(LIVES, live)
    const middle = (what: keyof Gas) => median(found.map((one) => one[what]))
    points.push({ seats, redundancy, assign: middle('assign'), life: middle('life') })
  }
  // Ten seats cannot take 32 workloads at once.
  const batched = seats < 32 ? {} : { [BATCHED]: await batch(net, 32) }
  return { seats, points, acts: { ...hot, ...batched, ...(await seatActs(net)) } }
}

/** What a seat's first workload costs more than a later one. One workload is drawn both ways, so that nothing else differs. */
async function coldWord(): Promise<number> {
  const net = await Network.with(SEATS[0])
  const workload = only((await net.submit(1)).workloads)
  const assign = (history: 'worked' | 'new') =>
    net.undone(async () => {
      await net.writeSeats(history)
      return (await net.assign([workload])).gas
    })
  return (await assign('new')) - (await assign('worked'))
}

/** What a draw costs that finds one candidate at work and looks at more. Nothing of it stays, so that the next one finds it alike. */
async function passingOver(seats: number): Promise<PassedOver> {
  const net = await Network.with(seats)
  await net.writeSeats('worked')
  const draw = (redundancy: number) => () =>
    net.undone(async () => {
      const workload = only((await net.submit(redundancy)).workloads)
      const { drawn } = await net.undone(() => net.assign([workload]))
      await net.writeSeats('working', drawn.flat().slice(0, 1))
      return net.assign([workload])
    })
  const costs = new Map<number, number>()
  for (const redundancy of REDUNDANCIES) {
    const found = await lives(LIVES, draw(redundancy), 1)
    costs.set(redundancy, median(found.map(({ gas }) => gas)))
  }
  return costs
}

const NAMES = { assign: 'assign', life: 'whole life' } as const

function row(name: string, value: number, unit: string, target: number): Row {
  return { name, value, unit, target, peer: '–' }
}

/** Row of a figure: with the design's target where it has one, else with its own value, which a new measurement replaces. */
function curveRow(what: keyof Gas, { seats, redundancy, ...gas }: Point): Row {
  const name = `curve: ${NAMES[what]}, redundancy ${redundancy}, ${figure.format(seats)} seats`
  return row(name, gas[what], 'gas', CURVE_TARGETS[redundancy]?.[what] ?? gas[what])
}

const measured: Size[] = []
for (const seats of SEATS) measured.push(await measure(seats))
const points = measured.flatMap((size) => size.points)
const cold = await coldWord()
const passedOver = await passingOver(1_000)

const curveRows = points.flatMap((point) => [curveRow('assign', point), curveRow('life', point)])
const passedRows = [...passedOver].map(([redundancy, gas]) =>
  row(`curve: assign, redundancy ${redundancy}, 1,000 seats, one candidate passed over`, gas, 'gas', gas),
)
const actRows = measured.flatMap(({ seats, acts }) =>
  ACTS.flatMap((act) => {
    const value = acts[act]
    return value === undefined ? [] : [row(`${act}, ${figure.format(seats)} seats`, value, 'gas', TARGETS[act])]
  }),
)
const missed = [...curveRows, ...actRows].filter(({ value, target }) => value > target).map(({ name }) => name)

const sizes = deployable()
  .map(({ contractName, deployedBytecode }) => ({ contractName, size: (deployedBytecode.length - 2) / 2 }))
  .filter(({ size }) => size > 2_000)
  .sort((a, b) => b.size - a.size)

writeReport([
  ...curveRows,
  ...passedRows,
  ...actRows,
  row("a seat's first workload: its word is new, once", cold, 'gas', cold),
  ...sizes.map(({ contractName, size }) => row(`size of ${contractName}`, size, 'bytes', CODE_LIMIT)),
])

const heads = SEATS.map((seats) => `${figure.format(seats)} seats`)
const lines = [
  '# How gas grows',
  '',
  'Written by `npm run bench:curves`, from whole transactions with a mock verifier and a 256-byte proof, in the steady state: every seat has worked before. Figures are the median of five lives in which nobody',
  'was passed over. All rows, those of batches of 1 to 64 among them, are in [bench/report.json](../bench/report.json).',
  '',
  'The bench writes the word of every seat as its last workload would have left it, because thousands of lives would have to be led for that; [a test](../test/contracts/gas.test.ts) shows that seats which have really worked',
  `cost the same, to the unit. A seat's first workload costs ${figure.format(cold)} more, once and for all: its word was zero.`,
  '',
  'A draw that passes somebody over, because a seat is at work, away or of an operator that has a slot already, looks at two candidates more for each slot, all at once: a column of its own. Whoever else is passed over costs',
  "one to three thousand more. The fewer operators hold the seats, the more often it happens: with the bench's sixteen, half of the draws of redundancy 5 pass nobody over and one in eight of redundancy 8.",
  '',
  missed.length === 0
    ? 'All figures that the design has a target for meet it: assigning and a whole life at redundancy 1 (65,000 and 200,000) and 3 (95,000 and 510,000), and each act below.'
    : `Above their targets: ${missed.join('; ')}.`,
  '',
  '## With redundancy',
  '',
  `| Redundancy | ${heads.map((head) => `assign, ${head}`).join(' | ')} | assign, 1,000 seats, one passed over | ${heads.map((head) => `whole life, ${head}`).join(' | ')} | life for each proof |`,
  `| --- | ${SEATS.map(() => '---').join(' | ')} | --- | ${SEATS.map(() => '---').join(' | ')} | --- |`,
  ...[...passedOver].map(([redundancy, passed]) => {
    const here = points.filter((point) => point.redundancy === redundancy)
    const each = here
      .filter(({ seats }) => seats === 1_000)
      .map(({ life }) => figure.format(Math.round(life / redundancy)))
    const figures = [...here.map(({ assign }) => assign), passed, ...here.map(({ life }) => life)].map((gas) =>
      figure.format(gas),
    )
    return `| ${[redundancy, ...figures, ...each].join(' | ')} |`
  }),
  '',
  '## With the number of seats',
  '',
  `| What | ${heads.join(' | ')} | Target |`,
  `| --- | ${SEATS.map(() => '---').join(' | ')} | --- |`,
  ...ACTS.map((act) => {
    const figures = measured.map(({ acts }) => (acts[act] === undefined ? '–' : figure.format(acts[act])))
    return `| ${[act, ...figures, figure.format(TARGETS[act])].join(' | ')} |`
  }),
  '',
  'Ten seats cannot take 32 workloads at once: each works for one at a time. A round of drand has nothing to do with seats. In the batches of redundancy 2 one operator holds all seats, so each of their draws passes somebody over.',
  '',
  '## Room',
  '',
  'Under the 24,576 bytes that a contract may have:',
  '',
  '| Contract | Bytes | Room |',
  '| --- | --- | --- |',
  ...sizes.map(
    ({ contractName, size }) => `| ${contractName} | ${figure.format(size)} | ${figure.format(CODE_LIMIT - size)} |`,
  ),
  '',
]
writeFileSync(PAGE, lines.join('\n'))
