/** A signal that is aborted when all of these are, until `over` is called; undefined where one of them is none, and so never will be. */
export function whenAllAborted(signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal | undefined
  readonly over: () => void
} {
  const each = new Set(signals)
  if (each.has(undefined)) return { signal: undefined, over: () => undefined }
  const all = new AbortController()
  const look = (): void => {
    if ([...each].every((signal) => signal?.aborted)) all.abort()
  }
  for (const signal of each) signal?.addEventListener('abort', look)
  look()
  return {
    signal: all.signal,
    over() {
      for (const signal of each) signal?.removeEventListener('abort', look)
    },
  }
}
