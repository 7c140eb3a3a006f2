/**
 * Does something for each item, so many at a time, and answers in their order. After the first error nothing more is begun, and what runs is told
 * to stop and waited for.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  act: (item: Item, signal: AbortSignal, index: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  const failed = new AbortController()
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  let next = 0
  let first: { readonly error: unknown } | undefined
  const lane = async (): Promise<void> => {
    while (next < items.length && !stop.aborted) {
      const index = next++
      try {
        results[index] = await act(items[index] as Item, stop, index)
      } catch (error) {
        first ??= { error }
        failed.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  signal?.throwIfAborted()
  if (first !== undefined) throw first.error
  return results
}
