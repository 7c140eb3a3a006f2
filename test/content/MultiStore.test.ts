import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ContentSource } from '../../sdk/src/content/ContentStore.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { digestOf, hexOf } from '../../sdk/src/content/digest.js'
import { HttpStore } from '../../sdk/src/content/HttpStore.js'
import { MultiStore } from '../../sdk/src/content/MultiStore.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('content: MultiStore', () => {
  const directory = useTemporaryDirectory()

  it('takes the first good copy, whatever bad ones come before', async () => {
    const [empty, damaged, good] = ['empty', 'damaged', 'good'].map(
      (name) => new DirectoryStore(join(directory(), name)),
    )
    if (empty === undefined || damaged === undefined || good === undefined) throw new Error('three stores')
    const { digest } = await damaged.put(Buffer.from('content'))
    const path = join(directory(), 'damaged', hexOf(digest).slice(0, 2), hexOf(digest))
    chmodSync(path, 0o644)
    writeFileSync(path, 'CONTENT')
    const store = new MultiStore([empty, damaged, good])
    const refusal = await rejected(store.get(digest, { maxBytes: 100 }), 'CONTENT_NOT_FOUND')
    expect(refusal.details?.['reasons']).to.have.length(3)

    await good.put(Buffer.from('content'))
    expect(Buffer.from(await store.get(digest, { maxBytes: 100 })).toString()).to.equal('content')
    const chunks: Uint8Array[] = []
    for await (const chunk of store.open(digest, { maxBytes: 100 })) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).to.equal('content')
    expect(await store.save(digest, join(directory(), 'saved'), { maxBytes: 100 })).to.equal(7)
    expect(await store.has(digest)).to.equal(true)
    expect(await store.has(digestOf('nothing'))).to.equal(false)
  })

  it('writes to the first store that can be written', async () => {
    const web: ContentSource = new HttpStore('https://content.example.org/')
    const local = new DirectoryStore(join(directory(), 'local'))
    const { digest } = await new MultiStore([web, local]).put(Buffer.from('mine'))
    expect(await local.has(digest)).to.equal(true)
    await rejected(new MultiStore([web]).put(Buffer.from('mine')), 'CONTENT_READ_ONLY')
  })
})
