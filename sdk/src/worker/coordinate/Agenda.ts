import type { WorkloadId } from '../../chain/index.js'

/** When to look at each workload next; so that thousands of quiet ones cost nothing. Times are chain seconds. */
export class Agenda {
  readonly #due = new Map<WorkloadId, number>()
  readonly #preferred = new Set<WorkloadId>()

  /** Looks at a workload as soon as possible. */
  touch(workload: WorkloadId): void {
    this.#due.set(workload, 0)
  }

  /** Says whether a workload goes before others that are due, as its time is what money of ours depends on. */
  prefer(workload: WorkloadId, isPreferred = true): void {
    if (isPreferred) this.#preferred.add(workload)
    else this.#preferred.delete(workload)
  }

  /**
   * Takes out what is due, whatever waits longest first. Whoever handles it sets it again.
   * @param most How many, two or more: one place is left to what is not preferred, so that nothing waits for ever.
   */
  take(now: number, most: number): readonly WorkloadId[] {
    const due: WorkloadId[] = []
    for (const workload of this.#preferred) {
      if (due.length === most - 1) break
      if ((this.#due.get(workload) ?? Infinity) <= now) due.push(workload)
    }
    for (const [workload, time] of this.#due) {
      if (due.length === most) break
      if (time <= now && !this.#preferred.has(workload)) due.push(workload)
    }
    for (const workload of due) this.#due.delete(workload)
    return due
  }

  /**
   * Puts a workload back, unless something was set while it was handled: the sooner time counts. It is not due again before the next second, so
   * that a round ends whatever it is told.
   */
  putBack(workload: WorkloadId, time: number | 'never', now: number): void {
    if (time === 'never') return
    const next = Math.max(time, now + 1)
    const have = this.#due.get(workload)
    if (have === undefined || next < have) this.#due.set(workload, next)
  }
}
