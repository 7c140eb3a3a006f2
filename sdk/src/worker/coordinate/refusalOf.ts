import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Dossier } from './Dossier.js'
import type { KnownProgram } from './ChainFacts.js'

const GWEI = 1_000_000_000n

/** The operator's lists and limits. */
export type Policy = Pick<
  WorkerConfig,
  'mode' | 'allowPrograms' | 'denyPrograms' | 'allowRequesters' | 'denyRequesters' | 'minimumRate' | 'refusedProofs'
>

/**
 * Why the operator does not want a workload, by its own lists and limits; undefined when it does.
 * @param refused Proofs of the program that its verifier refused here, one after the other.
 */
export function refusalOf(
  config: Policy,
  { spec, terms }: Pick<Dossier, 'spec' | 'terms'>,
  program: KnownProgram | undefined,
  refused: number,
): string | undefined {
  if (config.mode === 'drain') return 'the worker takes no new work'
  if (program === undefined) return 'the program is not known here'
  if (config.denyPrograms.includes(spec.program)) return 'the program is on the deny list'
  if (config.allowPrograms.length > 0 && !config.allowPrograms.includes(spec.program)) {
    return 'the program is not on the allow list'
  }
  if (config.denyRequesters.includes(spec.requester)) return 'the requester is on the deny list'
  if (config.allowRequesters.length > 0 && !config.allowRequesters.includes(spec.requester)) {
    return 'the requester is not on the allow list'
  }
  const rate = rateOf(terms)
  if (rate < BigInt(config.minimumRate)) return `the fee is ${rate} gwei a second and slot, below ${config.minimumRate}`
  if (config.refusedProofs > 0 && refused >= config.refusedProofs) {
    return `its verifier refused the last ${refused} proofs that the program made here`
  }
  return undefined
}

/** What is offered, in gwei of the token per second of maximum run time and slot. */
export function rateOf({ fee, maxRunTime, redundancy }: Dossier['terms']): bigint {
  return fee / (BigInt(maxRunTime) * BigInt(redundancy) * GWEI)
}
