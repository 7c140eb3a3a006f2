/**
 * Gas of all acts, as a report (design §14): what {@link file://./gas/measure.ts} measures, beside targets and peers.
 */
import type { HotPathRow } from './gas/hotPath.js'
import { measure } from './gas/measure.js'
import { writeReport, type Row } from './report.js'

const measured = await measure()

function valueOf(name: string): number {
  const value = measured.get(name)
  if (value === undefined) throw new Error(`"${name}" was not measured`)
  return value
}

/** `design` where docs/adr/0031-gas.md revised the target of design §14. */
const gas = (name: string, target: number, peer: string, design?: number): Row => ({
  name,
  value: valueOf(name),
  unit: 'gas',
  target,
  ...(design !== undefined && { design }),
  peer,
})
/** A row of the hot path. */
const act = (name: HotPathRow, target: number, peer: string, design?: number): Row => gas(name, target, peer, design)
/** The same under drand. */
const underDrand = (name: HotPathRow, target: number, peer: string): Row => gas(`under drand: ${name}`, target, peer)

writeReport([
  act('submit', 65_000, '46k (event only) / 255k / 525k'),
  act('assign 1', 65_000, '149k (lock of one prover)'),
  act('assign 3', 95_000, '180k (weighted tree, four draws alone)'),
  {
    name: 'assign 3 out of 10,000 seats / of 1,000',
    value: valueOf('assign 3 out of 10,000 seats / of 1,000'),
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
  gas('32 workloads of redundancy 1 in batches, each, whole life', 130_000, '67k (fulfilment alone)'),
  // The design names no target for these: about a tenth above what was measured first. A draw costs more the more candidates it passes over.
  gas('a judged workload: open and draw a committee', 400_000, '–'),
  gas('a judged workload: post seven verdicts', 190_000, '–'),
  gas('a judged workload: settle three ranks', 220_000, '–'),
  gas('a judged workload of three ranks, whole life', 1_350_000, '–'),
  gas('appeal a verdict', 170_000, '–'),
  gas('network rewards: record a receipt of three ranks', 140_000, '–'),
  gas('network rewards: claim for one operator', 95_000, '–'),
  gas('stake and join', 150_000, '0.65–2.1M'),
  gas('stake, then join by hashcash', 227_000, '0.65–2.1M'),
  gas('answer a check by hashcash', 110_000, '–'),
  gas('evict a seat that did not answer', 110_000, '–'),
  gas('open and start a check, once for a class', 160_000, '–'),
  gas('leave', 70_000, '64–299k'),
  gas('withdraw', 60_000, '60–81k'),
  gas('slash', 65_000, '80–307k'),
  gas('slash and drop', 85_000, '80–307k'),
  gas('drand round, verified once for all', 160_000, '131k (the verification alone, nothing stored)'),
  underDrand('submit', 65_000, '46k (event only) / 255k / 525k'),
  underDrand('assign 1', 65_000, '149k (lock of one prover)'),
  underDrand('assign 3', 95_000, '180k (weighted tree, four draws alone)'),
  underDrand('one proof, redundancy 1, whole life', 200_000, '312k'),
  underDrand('three ranked proofs, whole life', 510_000, 'none (3 × 312k)'),
  // Nobody's target: what the two of a pair cost that the row above is the mean of.
  gas('drand round, the first of a pair', 167_000, '–'),
  gas('drand round, the second of a pair', 150_000, '–'),
])
