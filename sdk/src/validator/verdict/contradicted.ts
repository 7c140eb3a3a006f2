import type { Judgment } from '../../chain/index.js'
import type { Grounds } from '../../worker/coordinate/Appellant.js'
import type { Dossier } from '../../worker/coordinate/Dossier.js'
import type { VerdictJournal } from './VerdictJournal.js'

/**
 * A validator's grounds: the verdict contradicts what the verifier program itself said on this machine. What could not be fetched here, or came
 * to no end, may well be this machine's own fault, and is none.
 */
export async function contradicted(
  journal: VerdictJournal,
  { workload }: Dossier,
  { attempt, proofs, valid }: Judgment,
): Promise<Grounds | undefined> {
  const ours = await journal.find({ workload, attempt, proofs })
  const differ = ours === undefined ? 0 : ((ours.valid ^ valid) & (ours.said ?? 0)) >>> 0
  if (ours === undefined || differ === 0) return undefined
  const about = { attempt, verdict: valid, ours: ours.valid, differ }
  return { text: 'a committee contradicts what the verifier program says here', about }
}
