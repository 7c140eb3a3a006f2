import { expect } from 'chai'
import { digestOf } from '../../sdk/src/content/digest.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { rejected } from '../support/rejected.js'

describe('content: MemoryStore', () => {
  const content = Buffer.from('what is to be sent elsewhere')
  const digest = digestOf(content)

  it('gives back what it was given, whole or as a stream', async () => {
    const store = new MemoryStore()
    async function* parts(): AsyncGenerator<Uint8Array> {
      for (const byte of content) yield await Promise.resolve(Uint8Array.of(byte))
    }
    expect(await store.has(digest)).to.equal(false)
    expect(await store.put(parts())).to.deep.equal({ digest, size: content.length })
    expect(await store.put(content)).to.deep.equal({ digest, size: content.length })
    expect(await store.has(digest)).to.equal(true)
    const progress: object[] = []
    const options = { maxBytes: content.length, onProgress: (at: object) => progress.push(at) }
    expect(Buffer.from(await store.get(digest, options)).equals(content)).to.equal(true)
    const chunks: Uint8Array[] = []
    for await (const chunk of store.open(digest, options)) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(content)).to.equal(true)
    expect(progress[0]).to.deep.equal({ received: content.length, total: content.length })
  })

  it('is not changed by what happens to the bytes it was given', async () => {
    const store = new MemoryStore()
    const mine = new Uint8Array(content)
    await store.put(mine)
    mine.fill(0)
    expect(Buffer.from(await store.get(digest, { maxBytes: 100 })).equals(content)).to.equal(true)
  })

  it('refuses what is not there, too large, a file, or not wanted any more', async () => {
    const store = new MemoryStore()
    await rejected(store.get(digest, { maxBytes: 100 }), 'CONTENT_NOT_FOUND')
    await rejected(store.put(content, { maxBytes: 3 }), 'CONTENT_TOO_LARGE')
    await rejected(store.put({ path: '/etc/hostname' }), 'CONTENT_UNAVAILABLE')
    await store.put(content)
    await rejected(store.get(digest, { maxBytes: 3 }), 'CONTENT_TOO_LARGE')
    await rejected(store.save(digest), 'CONTENT_READ_ONLY')
    const signal = AbortSignal.abort(new Error('enough'))
    const error: unknown = await store.get(digest, { maxBytes: 100, signal }).catch((reason: unknown) => reason)
    expect(error).to.equal(signal.reason)
  })
})
