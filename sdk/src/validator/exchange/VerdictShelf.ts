import type { Hex, Verdict } from '../../chain/index.js'

/** A verdict with its signature, as validators show it to each other. */
export interface SharedVerdict extends Verdict {
  /** 65 bytes. */
  readonly signature: Hex
}

/** The verdicts signed here that others may read, while their window is open. */
export class VerdictShelf {
  readonly #verdicts = new Map<string, { readonly shared: SharedVerdict; readonly until: number }>()

  /** Lays out a verdict; `until`: last second (chain time) in which it is of use. */
  put(shared: SharedVerdict, until: number): void {
    this.#verdicts.set(keyOf(shared.workload, shared.attempt), { shared, until })
  }

  /** The verdict on a workload, if there is one. */
  find(workload: string, attempt: number): SharedVerdict | undefined {
    return this.#verdicts.get(keyOf(workload, attempt))?.shared
  }

  /** Removes what is of no use any more. */
  clear(now: number): void {
    for (const [key, { until }] of this.#verdicts) if (now > until) this.#verdicts.delete(key)
  }
}

function keyOf(workload: string, attempt: number): string {
  return `${workload.toLowerCase()}/${attempt}`
}
