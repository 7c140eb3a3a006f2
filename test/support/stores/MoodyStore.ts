import type { ContentInput, PutOptions, StoredContent } from '../../../sdk/src/content/ContentStore.js'
import type { Digest } from '../../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../../sdk/src/content/DirectoryStore.js'

/** A store that takes content when it likes to. */
export class MoodyStore extends DirectoryStore {
  mood: 'hangs' | 'fails' | 'takes' = 'takes'
  /** Where it says that others read what it holds; none: it does not say so. */
  uri: string | undefined
  /** How often it was asked to take something, and how often that was given up while it hung. */
  asked = 0
  abandoned = 0

  override async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    this.asked += 1
    if (this.mood === 'fails') throw new Error('the store is out of order')
    if (this.mood === 'hangs') {
      return new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => {
          this.abandoned += 1
          reject(new Error('given up'))
        })
      })
    }
    return super.put(content, options)
  }

  uriOf(_digests: readonly Digest[]): Promise<string | undefined> {
    return Promise.resolve(this.uri)
  }
}
