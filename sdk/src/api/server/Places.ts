import { apiError } from '../../errors/codes/api.js'

/** How many of something may go on at the same time. */
export interface PlaceLimits {
  /** In all. */
  readonly all: number
  /** Of callers without a key together. The rest is for keys alone. */
  readonly withoutKey: number
  /** Of one address without a key, of IPv6 of one /64. */
  readonly ofAddress: number
  /** Of one key. */
  readonly ofKey: number
}

/** A place is free when somebody leaves, which nobody knows before. */
const RETRY_SECONDS = 15

/** Something that goes on. */
interface Place {
  /** Ends it. */
  readonly end: () => void
}

/**
 * Places for what lasts: a rate alone bounds nobody there, and a caller that may take all takes them from all others. Nor may a few callers
 * without a key, however slow they are: when places run out, one that has more than a newcomer would have gives its oldest up.
 */
export class Places {
  readonly #what: string
  readonly #limits: PlaceLimits
  readonly #ofKeys = new Map<string, Set<Place>>()
  readonly #ofAddresses = new Map<string, Set<Place>>()

  /** @param what For messages, in the plural. */
  constructor(what: string, limits: PlaceLimits) {
    this.#what = what
    this.#limits = limits
  }

  /**
   * Takes a place.
   * @param caller The name of a key or of an address.
   * @param end Called when another caller needs the place more, of one without a key only: what goes on in it has to end.
   * @returns Gives it back.
   * @throws GevulotError API_RATE_LIMITED when the caller has its share, API_BUSY when others have all
   */
  take(caller: string, hasKey: boolean, end: () => void): () => void {
    const { all, withoutKey, ofAddress, ofKey } = this.#limits
    const group = hasKey ? this.#ofKeys : this.#ofAddresses
    const own = group.get(caller)?.size ?? 0
    const context = { details: { wait: RETRY_SECONDS } }
    if (own >= (hasKey ? ofKey : ofAddress)) {
      const whose = hasKey ? 'this key' : 'this address'
      throw apiError('API_RATE_LIMITED', `${own} ${this.#what} of ${whose} go on already`, context)
    }
    if (!hasKey && sizeOf(this.#ofAddresses) >= withoutKey && !this.#isShared(own)) {
      throw apiError('API_BUSY', `all ${withoutKey} places for ${this.#what} without a key are taken`, context)
    }
    if (sizeOf(this.#ofKeys) + sizeOf(this.#ofAddresses) >= all && !this.#isShared(own)) {
      throw apiError('API_BUSY', `all ${all} places for ${this.#what} are taken`, context)
    }
    const place: Place = { end }
    const places = group.get(caller) ?? new Set()
    group.set(caller, places.add(place))
    return () => {
      places.delete(place)
      if (places.size === 0 && group.get(caller) === places) group.delete(caller)
    }
  }

  /** Has the address with the most places give one up, when it is left with at least as many as a caller with `own` gets. */
  #isShared(own: number): boolean {
    let most = new Set<Place>()
    for (const places of this.#ofAddresses.values()) if (places.size > most.size) most = places
    const [oldest] = most
    if (oldest === undefined || most.size < own + 2) return false
    most.delete(oldest)
    oldest.end()
    return true
  }
}

function sizeOf(group: ReadonlyMap<string, ReadonlySet<Place>>): number {
  let size = 0
  for (const places of group.values()) size += places.size
  return size
}
