import type { WorkloadId } from '../../chain/index.js'

/** Where work stands. */
export interface Standing {
  /** Seconds until there is room for it; 0 when its program runs. */
  readonly waitSeconds: number
  /** Whether it was begun and its program does not run yet. */
  readonly isWaiting: boolean
  /** Seconds for which its program has run; undefined before it runs. */
  readonly ranSeconds?: number
  /** Whether it is for an open slot, and what a seat was drawn for waits for its room. */
  readonly isInTheWay?: boolean
}

interface Place {
  /** Whether it is for an open slot of others: then it has no room before work that a seat was drawn for. */
  isOpen: boolean
  /** Since when it waits, chain time. */
  since: number
  /** What a run takes here, as far as that is known. */
  seconds: number | undefined
  /** When its program began to run, chain time. */
  begunAt: number | undefined
}

/** Until a room that is free has been taken, by whichever runner. */
const PATIENCE_SECONDS = 3

/** The work that was begun, in that order, and how long other work has to wait for it. */
export class WorkLine {
  readonly #places = new Map<WorkloadId, Place>()

  /**
   * Work is begun at `now` (chain time); or, where it was before, another run time is known.
   * @param isOpen Whether it is for an open slot of others.
   */
  enter(workload: WorkloadId, isOpen: boolean, seconds: number | undefined, now: number): void {
    const place = this.#places.get(workload)
    if (place === undefined) this.#places.set(workload, { isOpen, since: now, seconds, begunAt: undefined })
    else {
      place.seconds = seconds
      // A reorg has drawn its seat.
      place.isOpen &&= isOpen
    }
  }

  /** A stage of the work begins, at `now` (chain time). A lost runner's work is fetched again. */
  advance(workload: WorkloadId, stage: 'fetching' | 'running', now: number): void {
    const place = this.#places.get(workload)
    if (place === undefined) return
    if (stage === 'fetching' && place.begunAt !== undefined) place.since = now
    place.begunAt = stage === 'running' ? (place.begunAt ?? now) : undefined
  }

  /** The work has ended. */
  leave(workload: WorkloadId): void {
    this.#places.delete(workload)
  }

  /**
   * Where work stands, also such as was not begun. What runs and what came before it has the rooms first. A run of unknown
   * length counts as none: a guess would make seats decline what they could do, and declines have a quota. Work for open slots counts as none
   * before work that a seat was drawn for: it has to give way.
   * @param isOpen Whether it is for an open slot of others.
   * @param rooms How many programs run at the same time; 0 is not known.
   * @param now Chain time.
   */
  standingOf(workload: WorkloadId, isOpen: boolean, rooms: number, now: number): Standing {
    const own = this.#places.get(workload)
    if (own?.begunAt !== undefined) return { waitSeconds: 0, isWaiting: false, ranSeconds: now - own.begunAt }
    const isWaiting = own !== undefined
    if (rooms < 1) return { waitSeconds: 0, isWaiting }
    // When each room is free, the first in front.
    const free = new Array<number>(rooms).fill(0)
    for (const seconds of this.#secondsBefore(workload, isOpen, now)) {
      free.push((free.shift() ?? 0) + seconds)
      free.sort((a, b) => a - b)
    }
    return { waitSeconds: free[0] ?? 0, isWaiting }
  }

  /**
   * Whether work is the next to give way: for an open slot, and the newest of those that are in the way of what a seat was drawn for.
   * @param isFor Whether the first of two has the room for which the second waits.
   */
  isInTheWay(workload: WorkloadId, now: number, isFor: (open: WorkloadId, drawn: WorkloadId) => boolean): boolean {
    const all = [...this.#places]
    const late = all.filter(
      ([, { isOpen, begunAt, since }]) => !isOpen && begunAt === undefined && now - since >= PATIENCE_SECONDS,
    )
    const next = all.findLast(([open, { isOpen }]) => isOpen && late.some(([drawn]) => isFor(open, drawn)))
    return next?.[0] === workload
  }

  /** What is left of each run that has a room before this one. */
  #secondsBefore(workload: WorkloadId, isOpen: boolean, now: number): number[] {
    const all = [...this.#places].filter(([, place]) => isOpen || !place.isOpen)
    const running = all.flatMap(([, { seconds = 0, begunAt }]) =>
      begunAt === undefined ? [] : [Math.max(0, begunAt + seconds - now)],
    )
    const own = all.findIndex(([other]) => other === workload)
    const before = own < 0 ? all : all.slice(0, own)
    return [...running, ...before.flatMap(([, { seconds = 0, begunAt }]) => (begunAt === undefined ? [seconds] : []))]
  }
}
