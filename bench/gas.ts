/**
 * Gas of all acts, as a report (design §14): what {@link file://./gas/measure.ts} measures, beside targets and peers.
 */
import { measure } from './gas/measure.js'
import { TARGETS } from './gas/targets.js'
import { writeReport, type Row } from './report.js'

const measured = await measure()

function valueOf(name: string): number {
  const value = measured.get(name)
  if (value === undefined) throw new Error(`"${name}" was not measured`)
  return value
}

/** A row with a target that is not the design's. */
const gas = (name: string, target: number, peer: string): Row => ({
  name,
  value: valueOf(name),
  unit: 'gas',
  target,
  peer,
})
/** A row with the design's target. */
const designed = (name: keyof typeof TARGETS, peer: string): Row => gas(name, TARGETS[name], peer)
/** The same under drand. */
const underDrand = (name: keyof typeof TARGETS, peer: string): Row => gas(`under drand: ${name}`, TARGETS[name], peer)

writeReport([
  designed('submit', '46k (event only) / 255k / 525k'),
  designed('assign 1', '149k (lock of one prover)'),
  designed('assign 3', '180k (weighted tree, four draws alone)'),
  {
    name: 'assign 3 out of 10,000 seats / of 1,000',
    value: valueOf('assign 3 out of 10,000 seats / of 1,000'),
    unit: 'ratio',
    target: 1.01,
    peer: '1.2 (weighted tree)',
  },
  designed('accept', '–'),
  designed('commit', '49k (anti-copy commit)'),
  {
    ...designed('reveal, with the mock verifier', '–'),
    note: "the design's 50,000 and the verifier: 2,800, the call of the mock and the hash of its code",
  },
  // No target of the design's: what was measured first and a tenth.
  gas('settle, three ranks', 95_000, '–'),
  designed('one proof, redundancy 1, whole life', '312k'),
  designed('three ranked proofs, whole life', 'none (3 × 312k)'),
  designed('32 workloads of redundancy 1 in batches, each, whole life', '67k (fulfilment alone)'),
  // The design names no target for these: about a tenth above what was measured first. A draw costs more the more candidates it passes over.
  gas('a judged workload: open and draw a committee', 400_000, '–'),
  gas('a judged workload: post seven verdicts', 190_000, '–'),
  gas('a judged workload: settle three ranks', 220_000, '–'),
  gas('a judged workload of three ranks, whole life', 1_350_000, '–'),
  gas('appeal a verdict', 170_000, '–'),
  gas('network rewards: record a receipt of three ranks', 140_000, '–'),
  gas('network rewards: claim for one operator', 95_000, '–'),
  designed('stake and join', '0.65–2.1M'),
  gas('stake, then join by hashcash', 227_000, '0.65–2.1M'),
  gas('answer a check by hashcash', 110_000, '–'),
  gas('evict a seat that did not answer', 110_000, '–'),
  gas('open and start a check, once for a class', 160_000, '–'),
  designed('leave', '64–299k'),
  designed('withdraw', '60–81k'),
  designed('slash', '80–307k'),
  designed('slash and drop', '80–307k'),
  // These revert.
  gas('slash a list of eight whose last was slashed before', 350_000, '–'),
  gas('clear a list of eight whose last was cleared before', 115_000, '–'),
  designed('drand round, verified once for all', '131k (the verification alone, nothing stored)'),
  underDrand('submit', '46k (event only) / 255k / 525k'),
  underDrand('assign 1', '149k (lock of one prover)'),
  underDrand('assign 3', '180k (weighted tree, four draws alone)'),
  underDrand('one proof, redundancy 1, whole life', '312k'),
  underDrand('three ranked proofs, whole life', 'none (3 × 312k)'),
  // Nobody's target: what the two of a pair cost that the row above is the mean of.
  gas('drand round, the first of a pair', 167_000, '–'),
  gas('drand round, the second of a pair', 150_000, '–'),
])
