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

/** Places for what lasts: a rate alone bounds nobody there, and a caller that may take all takes them from all others. */
export class Places {
  readonly #what: string
  readonly #limits: PlaceLimits
  readonly #taken = new Map<string, number>()
  #withoutKey = 0
  #all = 0

  /** @param what For messages, in the plural. */
  constructor(what: string, limits: PlaceLimits) {
    this.#what = what
    this.#limits = limits
  }

  /**
   * Takes a place.
   * @param caller The name of a key or of an address.
   * @returns Gives it back.
   * @throws GevulotError API_RATE_LIMITED when the caller has its share, API_BUSY when others have all
   */
  take(caller: string, hasKey: boolean): () => void {
    const { all, withoutKey, ofAddress, ofKey } = this.#limits
    const own = this.#taken.get(caller) ?? 0
    const context = { details: { wait: RETRY_SECONDS } }
    if (own >= (hasKey ? ofKey : ofAddress)) {
      const whose = hasKey ? 'this key' : 'this address'
      throw apiError('API_RATE_LIMITED', `${own} ${this.#what} of ${whose} go on already`, context)
    }
    if (this.#all >= all) throw apiError('API_BUSY', `all ${all} places for ${this.#what} are taken`, context)
    if (!hasKey && this.#withoutKey >= withoutKey) {
      throw apiError('API_BUSY', `all ${withoutKey} places for ${this.#what} without a key are taken`, context)
    }
    this.#count(caller, hasKey, 1)
    let isTaken = true
    return () => {
      if (isTaken) this.#count(caller, hasKey, -1)
      isTaken = false
    }
  }

  #count(caller: string, hasKey: boolean, change: 1 | -1): void {
    const own = (this.#taken.get(caller) ?? 0) + change
    if (own === 0) this.#taken.delete(caller)
    else this.#taken.set(caller, own)
    this.#all += change
    if (!hasKey) this.#withoutKey += change
  }
}
