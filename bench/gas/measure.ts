/**
 * All rows of gas in bench/report.json but those of curves and batches: whole transactions as mined, with a mock verifier and a 256-byte
 * proof, in the steady state. In one order, because each finds the balances and seat words that those before it have written.
 */
import { standard } from '../../sdk/src/deploy/parameters.js'
import { drandPair } from './drandPair.js'
import { hotPath } from './hotPath.js'
import { judgeGas } from './judge.js'
import { batch, drawOne, lives, median } from './lives.js'
import { Network } from './Network.js'
import { overtaken } from './overtaken.js'
import { qualifyGas } from './qualify.js'
import { seatActs } from './seatActs.js'

const SEATS = 512
/** What another beacon changes; the other acts of the hot path do not ask it. */
const UNDER_DRAND = [
  'submit',
  'assign 1',
  'assign 3',
  'one proof, redundancy 1, whole life',
  'three ranked proofs, whole life',
] as const

/** Rows whose figure is another in each run, and why: no snapshot can hold them, only their target. */
export const VARYING: Readonly<Record<string, string>> = {
  '32 workloads of redundancy 1 in batches, each, whole life':
    'of 32 draws some meet a seat that is busy with another of the batch, and look at more candidates',
  'a judged workload: open and draw a committee': 'how many candidates the draw passes over',
  'a judged workload: settle three ranks': 'how many members share an operator, whose account is written once',
  'a judged workload of three ranks, whole life': 'as its draw and its settlement',
  'network rewards: record a receipt of three ranks':
    'whether each operator had a receipt in this epoch, in an earlier one, or in none yet',
}

async function drawGas(seats: number): Promise<number> {
  const net = await Network.with(seats)
  await net.writeSeats('worked')
  return median((await lives(5, () => drawOne(net, 3))).map(({ assign }) => assign))
}

/**
 * Measures every row, in some twenty seconds.
 * @returns gas by the name of the row; of one row a ratio
 */
export async function measure(): Promise<ReadonlyMap<string, number>> {
  const net = await Network.with(SEATS)
  const acts = await hotPath(net)
  const batched = await batch(net, 32)
  const seats = await seatActs(net)
  const lists = await overtaken(net)
  const judge = await judgeGas(net)
  const qualify = await qualifyGas(net)
  const drand = await hotPath(await Network.with(SEATS, undefined, standard.beacon))
  const [firstRound, secondRound] = await drandPair()
  return new Map([
    ...Object.entries(acts),
    ...UNDER_DRAND.map((name) => [`under drand: ${name}`, drand[name]] as const),
    ['32 workloads of redundancy 1 in batches, each, whole life', batched],
    ['assign 3 out of 10,000 seats / of 1,000', (await drawGas(10_000)) / (await drawGas(1_000))],
    ['a judged workload: open and draw a committee', judge.open + judge.draw],
    ['a judged workload: post seven verdicts', judge.post],
    ['a judged workload: settle three ranks', judge.settle],
    ['a judged workload of three ranks, whole life', judge.life],
    ['appeal a verdict', judge.appeal],
    ['network rewards: record a receipt of three ranks', judge.record],
    ['network rewards: claim for one operator', judge.claim],
    ...Object.entries(seats),
    ['slash a list of eight whose last was slashed before', lists.slash],
    ['clear a list of eight whose last was cleared before', lists.clear],
    ['stake, then join by hashcash', qualify.stake + qualify.join],
    ['answer a check by hashcash', qualify.stay],
    ['evict a seat that did not answer', qualify.evict],
    ['open and start a check, once for a class', qualify.open + qualify.start],
    ['drand round, verified once for all', Math.round((firstRound + secondRound) / 2)],
    ['drand round, the first of a pair', firstRound],
    ['drand round, the second of a pair', secondRound],
  ])
}
