import type { WorkloadId } from '../../chain/index.js'

/** Where work stands. */
export interface Standing {
  /** Seconds until there is room for it; 0 when its program runs. */
  readonly waitSeconds: number
  /** Whether it was begun and its program does not run yet. */
  readonly isWaiting: boolean
  /** Seconds for which its program has run; undefined before it runs. */
  readonly ranSeconds?: number
}

interface Place {
  /** What a run takes here, as far as that is known. */
  seconds: number | undefined
  /** When its program began to run, chain time. */
  begunAt: number | undefined
}

/** The work that was begun, in that order, and how long other work has to wait for it. */
export class WorkLine {
  readonly #places = new Map<WorkloadId, Place>()

  /** Work is begun; or, where it was before, another run time is known. */
  enter(workload: WorkloadId, seconds: number | undefined): void {
    const place = this.#places.get(workload)
    if (place === undefined) this.#places.set(workload, { seconds, begunAt: undefined })
    else place.seconds = seconds
  }

  /** A stage of the work begins, at `now` (chain time). A lost runner's work is fetched again. */
  advance(workload: WorkloadId, stage: 'fetching' | 'running', now: number): void {
    const place = this.#places.get(workload)
    if (place !== undefined) place.begunAt = stage === 'running' ? (place.begunAt ?? now) : undefined
  }

  /** The work has ended. */
  leave(workload: WorkloadId): void {
    this.#places.delete(workload)
  }

  /**
   * Where work stands, also such as was not begun. What runs and what came before it has the rooms first. A run of unknown
   * length counts as none: a guess would make seats decline what they could do, and declines have a quota.
   * @param rooms How many programs run at the same time; 0 is not known.
   * @param now Chain time.
   */
  standingOf(workload: WorkloadId, rooms: number, now: number): Standing {
    const own = this.#places.get(workload)
    if (own?.begunAt !== undefined) return { waitSeconds: 0, isWaiting: false, ranSeconds: now - own.begunAt }
    const isWaiting = own !== undefined
    if (rooms < 1) return { waitSeconds: 0, isWaiting }
    // When each room is free, the first in front.
    const free = new Array<number>(rooms).fill(0)
    for (const seconds of this.#secondsBefore(workload, now)) {
      free.push((free.shift() ?? 0) + seconds)
      free.sort((a, b) => a - b)
    }
    return { waitSeconds: free[0] ?? 0, isWaiting }
  }

  /** What is left of each run that has a room before this one. */
  #secondsBefore(workload: WorkloadId, now: number): number[] {
    const all = [...this.#places]
    const running = all.flatMap(([, { seconds = 0, begunAt }]) =>
      begunAt === undefined ? [] : [Math.max(0, begunAt + seconds - now)],
    )
    const own = all.findIndex(([other]) => other === workload)
    const before = own < 0 ? all : all.slice(0, own)
    return [...running, ...before.flatMap(([, { seconds = 0, begunAt }]) => (begunAt === undefined ? [seconds] : []))]
  }
}
