/** What the mock verifier takes of a reveal: its call and the hash of its code. */
const MOCK_VERIFIER = 2_800

/** The design's targets (§14), in gas, by the rows of bench/report.json. */
export const TARGETS = {
  submit: 65_000,
  'assign 1': 65_000,
  'assign 3': 95_000,
  accept: 38_000,
  commit: 42_000,
  'reveal, with the mock verifier': 50_000 + MOCK_VERIFIER,
  'one proof, redundancy 1, whole life': 200_000,
  'three ranked proofs, whole life': 510_000,
  '32 workloads of redundancy 1 in batches, each, whole life': 130_000,
  'stake and join': 150_000,
  leave: 70_000,
  withdraw: 60_000,
  slash: 65_000,
  'slash and drop': 85_000,
  'drand round, verified once for all': 160_000,
} as const
