import { lives, median, oneProof, rankedProofs } from './lives.js'
import type { Network } from './Network.js'

/** Rows of bench/report.json: the acts in a workload's life, and whole lives. */
export type HotPathRow =
  | 'submit'
  | 'assign 1'
  | 'assign 3'
  | 'accept'
  | 'commit'
  | 'reveal, with the mock verifier'
  | 'settle, three ranks'
  | 'one proof, redundancy 1, whole life'
  | 'three ranked proofs, whole life'

/** Gas of the hot path in the steady state: every seat has worked before. */
export async function hotPath(net: Network): Promise<Readonly<Record<HotPathRow, number>>> {
  await net.writeSeats('worked')
  const ones = await lives(8, () => oneProof(net))
  const threes = await lives(8, () => rankedProofs(net, 3, false))
  const accepted = await lives(3, () => rankedProofs(net, 3, true))
  return {
    submit: median(ones.map((o) => o.submit)),
    'assign 1': median(ones.map((o) => o.assign)),
    'assign 3': median(threes.map((o) => o.assign)),
    accept: median(accepted.flatMap((o) => o.accepts)),
    commit: median(threes.flatMap((o) => o.commits)),
    'reveal, with the mock verifier': median(threes.flatMap((o) => o.reveals)),
    'settle, three ranks': median(threes.map((o) => o.settle)),
    'one proof, redundancy 1, whole life': median(ones.map((o) => o.life)),
    'three ranked proofs, whole life': median(threes.map((o) => o.life)),
  }
}
