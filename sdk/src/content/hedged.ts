import { systemClock, type Clock } from '../clock.js'

/** How long one source is waited for before the next one is asked beside it. */
export interface HedgeOptions {
  /** Milliseconds. */
  readonly patienceMs: number
  /** Bytes in that time with which a source gets on, and is waited for. */
  readonly leastBytes: number
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock
}

/** How an attempt tells how far it is. */
export interface Attempt {
  readonly signal: AbortSignal
  readonly progress: (received: number) => void
}

/**
 * Asks sources in their order until one answers: the next one as soon as one has failed, and beside those at work when the newest of them does not
 * get on. The first good answer ends all others, and is handed over when they have ended.
 * @returns The answer, or why each source had none.
 * @throws what `isFatal` says no other source can help against; the reason of `signal`
 */
export async function hedged<Source, T>(
  sources: readonly Source[],
  act: (source: Source, attempt: Attempt) => Promise<T>,
  { patienceMs, leastBytes, signal, clock = systemClock }: HedgeOptions,
  isFatal: (error: unknown) => boolean = () => false,
): Promise<{ readonly answer: T } | { readonly failures: readonly unknown[] }> {
  signal?.throwIfAborted()
  const over = new AbortController()
  const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  const failures: unknown[] = []
  const running = new Set<Promise<void>>()
  let found: { readonly answer: T } | undefined
  let fatal: { readonly error: unknown } | undefined
  let newest = { received: 0 }
  const begin = (source: Source, index: number): void => {
    const own = { received: 0 }
    newest = own
    const ended = (async () => act(source, { signal: stop, progress: (received) => (own.received = received) }))()
      .then(
        (answer) => (found ??= { answer }),
        (error: unknown) => {
          failures[index] = error
          if (!stop.aborted && isFatal(error)) fatal ??= { error }
        },
      )
      .then(() => void running.delete(ended))
    running.add(ended)
  }
  const isOver = (): boolean => found !== undefined || fatal !== undefined || stop.aborted
  for (let next = 0; !isOver();) {
    const source = sources[next]
    if (source === undefined && running.size === 0) break
    const { received } = newest
    const isDue =
      running.size === 0 ||
      (await hasEnded(running, clock, patienceMs, stop)) ||
      newest.received < received + leastBytes
    if (source !== undefined && isDue && !isOver()) begin(source, next++)
  }
  over.abort(new Error('another source was faster'))
  await Promise.all(running)
  signal?.throwIfAborted()
  if (fatal !== undefined) throw fatal.error
  return found ?? { failures: failures.filter((failure) => failure !== undefined) }
}

/** Waits for the first of those at work to end. @returns false when that takes too long */
async function hasEnded(
  running: ReadonlySet<Promise<void>>,
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController()
  const time = clock.sleep(milliseconds, AbortSignal.any([signal, over.signal])).then(() => false, () => true) // prettier-ignore
  try {
    return await Promise.race([time, ...[...running].map((ended) => ended.then(() => true))])
  } finally {
    over.abort()
  }
}
