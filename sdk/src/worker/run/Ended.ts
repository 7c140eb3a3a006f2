import type { FailReason } from '../../chain/index.js'
import type { WorkResult } from './WorkOrder.js'

/** Ends the work with a result, from wherever that is known. */
export class Ended extends Error {
  readonly result: WorkResult

  constructor(result: WorkResult) {
    super(result.kind)
    this.result = result
  }
}

/** The work cannot be done, for a reason that is reported. */
export function failed(reason: FailReason, why: string): Ended {
  return new Ended({ kind: 'failed', reason, why })
}

/** Whoever is asked cannot or will not do it. */
export function refused(why: string): Ended {
  return new Ended({ kind: 'refused', why })
}
