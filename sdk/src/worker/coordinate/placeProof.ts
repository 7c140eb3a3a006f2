import type { ContentStore, Digest } from '../../content/index.js'

/** Where a proof is that a committee has to fetch. */
export interface PlacedProof {
  /** Where others read it; empty: no store says so. */
  readonly uri: string
  /** Why it is not in a store, or why one that holds it does not say where. */
  readonly failures: readonly unknown[]
}

/**
 * Puts a proof into every store. One that fails keeps it out of no other.
 * @param told Where others read it, if that is known; otherwise each store is asked.
 */
export async function placeProof(
  stores: readonly ContentStore[],
  { path, digest }: { readonly path: string; readonly digest: Digest },
  told: string,
): Promise<PlacedProof> {
  const placed = await Promise.allSettled(
    stores.map(async (store) => {
      await store.put({ path })
      return told === '' ? store.uriOf?.([digest]) : undefined
    }),
  )
  const said = placed.map((one) => (one.status === 'fulfilled' ? one.value : undefined)).find(Boolean)
  return {
    uri: said ?? told,
    failures: placed.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
  }
}
