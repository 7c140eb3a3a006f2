/** Some of the bytes of content: from `start` to before `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** How many bytes one request asks for, and how many requests are under way. */
export interface RangeRules {
  readonly rangeBytes: number
  readonly rangesAtATime: number
}

/** Brings a range; `take` gets its bytes in their order as they come. */
export type FetchRange = (range: ByteRange, take: (bytes: Uint8Array) => void, signal: AbortSignal) => Promise<void>

/**
 * Fetches content in ranges, several at a time, and hands the bytes over in their order. No more than so many ranges are in memory, however slow the
 * reader is: the next one is begun when the first one was read.
 */
export class RangesAhead implements AsyncIterable<Uint8Array> {
  readonly #fetch: FetchRange
  readonly #rules: RangeRules
  readonly #signal: AbortSignal
  readonly #over = new AbortController()
  readonly #lanes: Lane[] = []
  readonly #end: number
  #next: number

  /** Begins at once. */
  constructor({ start, end }: ByteRange, rules: RangeRules, fetch: FetchRange, signal: AbortSignal) {
    this.#fetch = fetch
    this.#rules = rules
    this.#signal = AbortSignal.any([signal, this.#over.signal])
    this.#next = start
    this.#end = end
    this.#begin()
  }

  /** Bytes that have come and were not handed over. */
  get ahead(): number {
    return this.#lanes.reduce((sum, { held }) => sum + held, 0)
  }

  /** Once. Ends, or fails, when all that was begun has ended. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (let lane = this.#lanes[0]; lane !== undefined; lane = this.#lanes[0]) {
        yield* lane
        this.#lanes.shift()
        this.#begin()
      }
    } finally {
      this.#over.abort()
      await Promise.all(this.#lanes.map(({ ended }) => ended))
    }
  }

  #begin(): void {
    while (this.#lanes.length < this.#rules.rangesAtATime && this.#next < this.#end) {
      const range = { start: this.#next, end: Math.min(this.#next + this.#rules.rangeBytes, this.#end) }
      this.#next = range.end
      this.#lanes.push(new Lane((take) => this.#fetch(range, take, this.#signal)))
    }
  }
}

/** One range on its way. */
class Lane implements AsyncIterable<Uint8Array> {
  /** Resolves when its fetch has ended, however it did. */
  readonly ended: Promise<void>
  /** Bytes in memory. */
  held = 0
  readonly #chunks: Uint8Array[] = []
  #end: { readonly error?: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(fetch: (take: (bytes: Uint8Array) => void) => Promise<void>) {
    const take = (bytes: Uint8Array): void => {
      this.#chunks.push(bytes)
      this.held += bytes.length
      this.#wake()
    }
    this.ended = fetch(take)
      .then(
        () => (this.#end = {}),
        (error: unknown) => (this.#end = { error }),
      )
      .then(() => this.#wake())
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
        this.held -= chunk.length
        yield chunk
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error
        return
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
