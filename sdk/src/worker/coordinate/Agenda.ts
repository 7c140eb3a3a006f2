import type { WorkloadId } from '../../chain/index.js'

/** When to look at each workload next; so that thousands of quiet ones cost nothing. Times are chain seconds. */
export class Agenda {
  readonly #due = new Map<WorkloadId, number>()

  /** Looks at a workload as soon as possible. */
  touch(workload: WorkloadId): void {
    this.#due.set(workload, 0)
  }

  /** Takes out what is due. Whoever handles it sets it again. */
  take(now: number): readonly WorkloadId[] {
    const due = [...this.#due].filter(([, time]) => time <= now).map(([workload]) => workload)
    for (const workload of due) this.#due.delete(workload)
    return due
  }

  /** Puts a workload back, unless something was set while it was handled: the sooner time counts. */
  putBack(workload: WorkloadId, time: number | 'never'): void {
    const have = this.#due.get(workload)
    if (time !== 'never' && (have === undefined || time < have)) this.#due.set(workload, time)
  }
}
