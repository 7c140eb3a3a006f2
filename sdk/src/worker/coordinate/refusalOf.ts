import { ZERO_ADDRESS } from '../../chain/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Refusals } from '../store/RunHistory.js'
import { gasToReveal } from '../run/gasToReveal.js'
import type { Dossier } from './Dossier.js'
import type { KnownProgram } from './ChainFacts.js'

/** The next miss in a row drops a seat: mirrors `SlotStore.MISS_STREAK`. */
const MOST_MISSES = 2
const GWEI = 1_000_000_000n

/** The operator's lists and limits. */
export type Policy = Pick<
  WorkerConfig,
  | 'mode'
  | 'allowPrograms'
  | 'denyPrograms'
  | 'allowRequesters'
  | 'denyRequesters'
  | 'minimumRate'
  | 'refusedProofs'
  | 'maxGas'
>

/**
 * Why the operator does not want a workload, by its own lists and limits; undefined when it does.
 * @param refused Proofs of the program that were refused.
 */
export function refusalOf(
  config: Policy,
  { spec, terms }: Pick<Dossier, 'spec' | 'terms'>,
  program: KnownProgram | undefined,
  refused: Refusals,
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
  if (config.refusedProofs > 0) {
    const { here, onChain } = refused
    if (here >= config.refusedProofs) return `its verifier refused the last ${here} proofs that the program made here`
    if (onChain >= Math.min(config.refusedProofs, MOST_MISSES))
      return `its verifier accepted the last ${onChain} proofs that the program made here, and on the chain they were refused`
  }
  const { verifier, verifierGas } = program.program
  const gas = gasToReveal(verifierGas)
  // A committee's judgment costs no gas of ours. Without a proof the least is known; a large one is looked at before it is committed to.
  if (verifier !== ZERO_ADDRESS && gas > BigInt(config.maxGas))
    return `to show a proof to its verifier takes ${gas} gas, more than maxGas (${config.maxGas})`
  return undefined
}

/** What is offered, in gwei of the token per second of maximum run time and slot. */
export function rateOf({ fee, maxRunTime, redundancy }: Dossier['terms']): bigint {
  return fee / (BigInt(maxRunTime) * BigInt(redundancy) * GWEI)
}
