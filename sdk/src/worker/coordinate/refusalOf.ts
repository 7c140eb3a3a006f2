import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Dossier } from './Dossier.js'
import type { KnownProgram } from './ChainFacts.js'

const GWEI = 1_000_000_000n

/** Why the operator does not want a workload, by its own lists and limits; undefined when it does. */
export function refusalOf(
  config: Pick<WorkerConfig, 'mode' | 'allowPrograms' | 'denyPrograms' | 'minimumRate'>,
  { spec, terms }: Pick<Dossier, 'spec' | 'terms'>,
  program: KnownProgram | undefined,
): string | undefined {
  if (config.mode === 'drain') return 'the worker takes no new work'
  if (program === undefined) return 'the program is not known here'
  if (config.denyPrograms.includes(spec.program)) return 'the program is on the deny list'
  if (config.allowPrograms.length > 0 && !config.allowPrograms.includes(spec.program)) {
    return 'the program is not on the allow list'
  }
  const rate = terms.fee / (BigInt(terms.maxRunTime) * BigInt(terms.redundancy) * GWEI)
  if (rate < BigInt(config.minimumRate)) return `the fee is ${rate} gwei a second and slot, below ${config.minimumRate}`
  return undefined
}
