/**
 * Gas of the hot path, as a report (design §14): whole transactions as mined, with a mock verifier and a 256-byte proof, in the
 * steady state: balances and seat words have been written before.
 */
import { standard } from '../sdk/src/deploy/parameters.js'
import { drandPair } from './gas/drandPair.js'
import { hotPath, type HotPathRow } from './gas/hotPath.js'
import { judgeGas } from './gas/judge.js'
import { drawOne, lives, median, only } from './gas/lives.js'
import { Network } from './gas/Network.js'
import { qualifyGas } from './gas/qualify.js'
import { writeReport, type Row } from './report.js'

/** Mean life of workloads of redundancy 1 that are submitted and drawn in batches; their proofs come one by one. */
async function batch(net: Network, count: number): Promise<number> {
  const submitted = await net.submit(1, count)
  const assigned = await net.assign(submitted.workloads)
  let proofs = 0
  for (const [index, seats] of assigned.drawn.entries()) {
    const workload = submitted.workloads[index]
    if (workload !== undefined) proofs += await net.submitProof(workload, only(seats))
  }
  return Math.round((submitted.gas + assigned.gas + proofs) / count)
}

async function silence(net: Network, leavesFirst: boolean): Promise<number> {
  const { workload, seats } = await drawOne(net, 1)
  if (leavesFirst) await net.leave(only(seats))
  await net.pass(86_401)
  return net.slash(workload, only(seats))
}

async function seatLife(net: Network) {
  const seat = await net.stake()
  await net.pass(601)
  const leave = await net.leave(seat)
  await net.pass(8 * 86_400)
  return { stake: seat.gas, leave, withdraw: await net.withdraw(seat) }
}

async function drawGas(seats: number): Promise<number> {
  const net = await Network.with(seats)
  return median((await lives(5, () => drawOne(net, 3))).map(({ assign }) => assign))
}

const net = await Network.with(512)
const acts = await hotPath(net)
const batched = await batch(net, 32)
const seat = await seatLife(net)
await silence(net, false)
const slashAndDrop = await silence(net, false)
const slash = await silence(net, true)
const judge = await judgeGas(net)
const qualify = await qualifyGas(net)
const drandNet = await Network.with(512, undefined, standard.beacon)
const drand = await hotPath(drandNet)
const [firstRound, secondRound] = await drandPair()
const growth = (await drawGas(10_000)) / (await drawGas(1_000))

/** `design` where docs/adr/0031-gas.md revised the target of design §14. */
const gas = (name: string, value: number, target: number, peer: string, design?: number): Row => ({
  name,
  value,
  unit: 'gas',
  target,
  ...(design !== undefined && { design }),
  peer,
})
/** A row of the hot path, and the same under drand. */
const act = (name: HotPathRow, target: number, peer: string, design?: number): Row =>
  gas(name, acts[name], target, peer, design)
const underDrand = (name: HotPathRow, target: number, peer: string, design?: number): Row =>
  gas(`under drand: ${name}`, drand[name], target, peer, design)
writeReport([
  act('submit', 65_000, '46k (event only) / 255k / 525k'),
  act('assign 1', 65_000, '149k (lock of one prover)'),
  act('assign 3', 95_000, '180k (weighted tree, four draws alone)'),
  {
    name: 'assign 3 out of 10,000 seats / of 1,000',
    value: growth,
    unit: 'ratio',
    target: 1.01,
    peer: '1.2 (weighted tree)',
  },
  act('accept', 38_000, '–'),
  act('commit', 42_000, '49k (anti-copy commit)'),
  // 50k and the verifier: its call and the hash of its code are 2.8k.
  act('reveal, with the mock verifier', 52_800, '–', 50_000),
  // No target of the design's: what was measured first and a tenth.
  act('settle, three ranks', 95_000, '–'),
  act('one proof, redundancy 1, whole life', 200_000, '312k'),
  act('three ranked proofs, whole life', 510_000, 'none (3 × 312k)'),
  gas('32 workloads of redundancy 1 in batches, each, whole life', batched, 130_000, '67k (fulfilment alone)'),
  // The design names no target for these: about a tenth above what was measured first. A draw costs more the more candidates it passes over.
  gas('a judged workload: open and draw a committee', judge.open + judge.draw, 400_000, '–'),
  gas('a judged workload: post seven verdicts', judge.post, 190_000, '–'),
  gas('a judged workload: settle three ranks', judge.settle, 220_000, '–'),
  gas('a judged workload of three ranks, whole life', judge.life, 1_350_000, '–'),
  gas('appeal a verdict', judge.appeal, 170_000, '–'),
  gas('network rewards: record a receipt of three ranks', judge.record, 140_000, '–'),
  gas('network rewards: claim for one operator', judge.claim, 95_000, '–'),
  gas('stake and join', seat.stake, 150_000, '0.65–2.1M'),
  gas('stake, then join by hashcash', qualify.stake + qualify.join, 227_000, '0.65–2.1M'),
  gas('answer a check by hashcash', qualify.stay, 110_000, '–'),
  gas('evict a seat that did not answer', qualify.evict, 110_000, '–'),
  gas('open and start a check, once for a class', qualify.open + qualify.start, 160_000, '–'),
  gas('leave', seat.leave, 70_000, '64–299k'),
  gas('withdraw', seat.withdraw, 60_000, '60–81k'),
  gas('slash', slash, 65_000, '80–307k'),
  gas('slash and drop', slashAndDrop, 85_000, '80–307k'),
  gas(
    'drand round, verified once for all',
    Math.round((firstRound + secondRound) / 2),
    160_000,
    '131k (the verification alone, nothing stored)',
  ),
  underDrand('submit', 65_000, '46k (event only) / 255k / 525k'),
  underDrand('assign 1', 65_000, '149k (lock of one prover)'),
  underDrand('assign 3', 95_000, '180k (weighted tree, four draws alone)'),
  underDrand('one proof, redundancy 1, whole life', 200_000, '312k'),
  underDrand('three ranked proofs, whole life', 510_000, 'none (3 × 312k)'),
  // Nobody's target: what the two of a pair cost that the row above is the mean of.
  gas('drand round, the first of a pair', firstRound, 167_000, '–'),
  gas('drand round, the second of a pair', secondRound, 150_000, '–'),
])
