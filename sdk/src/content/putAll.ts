import type { ContentInput, ContentStore, PutOptions, StoredContent } from './ContentStore.js'
import { putProgress } from './putProgress.js'
import { sizeOf } from './sizeOf.js'

/**
 * Stores several contents, one after the other; the progress is that of all of them together.
 * @param before Called with the place of each before it is stored.
 */
export async function putAll(
  store: ContentStore,
  contents: readonly ContentInput[],
  options: PutOptions,
  before?: (index: number) => void,
): Promise<StoredContent[]> {
  const { onProgress, ...each } = options
  const tell = putProgress(options, onProgress && (await totalOf(contents)))
  const done: StoredContent[] = []
  let there = 0
  for (const [index, content] of contents.entries()) {
    before?.(index)
    const own = onProgress && { onProgress: ({ stored }: { readonly stored: number }) => tell(there + stored) }
    const stored = await store.put(content, { ...each, ...own })
    there += stored.size
    done.push(stored)
  }
  tell(there, there)
  return done
}

async function totalOf(contents: readonly ContentInput[]): Promise<number | undefined> {
  const sizes = await Promise.all(contents.map(sizeOf))
  return sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0)
}
