import { failed, refused, type Ended } from '../run/Ended.js'
import type { TaskResult } from './messages.js'

/** Runners that would not or could not do some work, each with its reason. */
export type Refusals = Map<string, Ended>

/** How a task ended that has no proof. */
export function endOf(result: Exclude<TaskResult, { readonly kind: 'proved' }>): Ended {
  return result.kind === 'failed' ? failed(result.reason, result.why) : refused(result.why)
}

/** Whether the work was done, to a bad end. */
export function isFailure({ result }: Ended): boolean {
  return result.kind === 'failed' && result.reason !== 'InputsUnavailable'
}

/**
 * What refusals come to. The first failure stands: nobody has done better. Only if nobody who was asked could have the inputs, it is not for the
 * machines.
 */
export function verdictOf(refusals: Refusals): Ended {
  const all = [...refusals.values()]
  const end = all.find(isFailure) ?? all.filter(({ result }) => result.kind === 'refused').at(-1) ?? all.at(-1)
  if (end === undefined) throw new TypeError('unreachable: somebody has refused')
  return end
}
