import { apiError } from '../../errors/codes/api.js'

/** How many streams of events may be open at the same time. */
export interface StreamLimits {
  /** In all; default 2,000. */
  readonly all: number
  /** Of callers without a key together; default 1,500. The rest is for keys alone. */
  readonly withoutKey: number
  /** Of one address without a key, of IPv6 of one /64; default 64. */
  readonly ofAddress: number
  /** Of one key; default 256. */
  readonly ofKey: number
}

const LIMITS: StreamLimits = { all: 2_000, withoutKey: 1_500, ofAddress: 64, ofKey: 256 }
/** A place is free when somebody leaves, which nobody knows before; a restarted browser's are free within this. */
const RETRY_SECONDS = 15

/** The places for streams of events: they stay open for ever, so a rate bounds nobody, and a caller that may take all takes them from all others. */
export class StreamPlaces {
  readonly #limits: StreamLimits
  readonly #taken = new Map<string, number>()
  #withoutKey = 0
  #all = 0

  constructor(limits: Partial<StreamLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
  }

  /**
   * Takes a place.
   * @param caller The name of a key or of an address.
   * @returns Gives it back.
   * @throws GevulotError API_RATE_LIMITED
   */
  take(caller: string, hasKey: boolean): () => void {
    const { all, withoutKey, ofAddress, ofKey } = this.#limits
    const own = this.#taken.get(caller) ?? 0
    if (own >= (hasKey ? ofKey : ofAddress))
      throw full(`${own} streams of ${hasKey ? 'this key' : 'this address'} are open`)
    if (this.#all >= all) throw full(`all ${all} streams are taken`)
    if (!hasKey && this.#withoutKey >= withoutKey) throw full(`all ${withoutKey} streams without a key are taken`)
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

function full(what: string): Error {
  return apiError('API_RATE_LIMITED', `too many listeners: ${what}`, { details: { wait: RETRY_SECONDS } })
}
