import type { WorkloadId } from '../../chain/index.js'

/** When to look at each workload next; so that thousands of quiet ones cost nothing. Times are chain seconds. */
export class Agenda {
  readonly #preferred = new Set<WorkloadId>()
  /** Both in the order in which they were put in: who is looked at goes to the end, so that all get a turn. */
  readonly #first = new Map<WorkloadId, number>()
  readonly #others = new Map<WorkloadId, number>()

  /** Looks at a workload as soon as possible. */
  touch(workload: WorkloadId): void {
    this.#lineOf(workload).set(workload, 0)
  }

  /** Says whether a workload goes before others that are due, as its time is what money of ours depends on. */
  prefer(workload: WorkloadId, isPreferred = true): void {
    const from = this.#lineOf(workload)
    if (isPreferred) this.#preferred.add(workload)
    else this.#preferred.delete(workload)
    const to = this.#lineOf(workload)
    const time = from.get(workload)
    if (from === to || time === undefined) return
    from.delete(workload)
    to.set(workload, time)
  }

  /**
   * Takes out what is due, whatever waits longest first. Whoever handles it sets it again.
   * @param most How many, two or more: one place is left to what is not preferred, so that nothing waits for ever.
   */
  take(now: number, most: number): readonly WorkloadId[] {
    const due = takeFrom(this.#first, now, most - 1)
    return [...due, ...takeFrom(this.#others, now, most - due.length)]
  }

  /**
   * Puts a workload back, unless something was set while it was handled: the sooner time counts. It is not due again before the next second, so
   * that a round ends whatever it is told.
   */
  putBack(workload: WorkloadId, time: number | 'never', now: number): void {
    if (time === 'never') return
    const next = Math.max(time, now + 1)
    const line = this.#lineOf(workload)
    const have = line.get(workload)
    if (have === undefined || next < have) line.set(workload, next)
  }

  #lineOf(workload: WorkloadId): Map<WorkloadId, number> {
    return this.#preferred.has(workload) ? this.#first : this.#others
  }
}

function takeFrom(line: Map<WorkloadId, number>, now: number, most: number): readonly WorkloadId[] {
  const due: WorkloadId[] = []
  for (const [workload, time] of line) {
    if (due.length === most) break
    if (time <= now) due.push(workload)
  }
  for (const workload of due) line.delete(workload)
  return due
}
