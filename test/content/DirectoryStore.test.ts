import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { digestOf, hexOf, type Digest } from '../../sdk/src/content/digest.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const MiB = 1 << 20

describe('content: DirectoryStore', () => {
  const directory = useTemporaryDirectory()
  const open = (name: string): DirectoryStore => new DirectoryStore(join(directory(), name))
  const pathOf = (name: string, digest: Digest): string =>
    join(directory(), name, hexOf(digest).slice(0, 2), hexOf(digest))

  it('stores bytes, files and streams under their digest', async () => {
    const store = open('kinds')
    const bytes = Buffer.from('some content')
    const file = join(directory(), 'source')
    writeFileSync(file, bytes)
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 4)
      yield bytes.subarray(4)
    }
    for (const content of [bytes, { path: file }, stream()]) {
      expect(await store.put(content)).to.deep.equal({ digest: digestOf(bytes), size: bytes.length })
    }
    expect(await store.has(digestOf(bytes))).to.equal(true)
    expect(await store.has(digestOf('other'))).to.equal(false)
    expect(Buffer.from(await store.get(digestOf(bytes), { maxBytes: 100 })).toString()).to.equal('some content')
    expect(readdirSync(join(directory(), 'kinds', 'incoming'))).to.deep.equal([])
  })

  it('reports progress and saves to a file', async () => {
    const store = open('save')
    const { digest } = await store.put(Buffer.alloc(MiB, 7))
    const seen: number[] = []
    const path = join(directory(), 'saved')
    const size = await store.save(digest, path, { maxBytes: MiB, onProgress: ({ received }) => seen.push(received) })
    expect(size).to.equal(MiB)
    expect(seen.at(-1)).to.equal(MiB)
    expect(digestOf(readFileSync(path))).to.equal(digest)
  })

  it('refuses damaged, truncated and oversized copies, and leaves no file', async () => {
    const store = open('damage')
    const { digest } = await store.put(Buffer.from('precious'))
    const path = pathOf('damage', digest)
    chmodSync(path, 0o644)
    for (const damage of ['precioUs', 'prec', '']) {
      writeFileSync(path, damage)
      await rejected(store.get(digest, { maxBytes: 100 }), 'CONTENT_DIGEST_MISMATCH')
      await rejected(store.save(digest, join(directory(), 'never'), { maxBytes: 100 }), 'CONTENT_DIGEST_MISMATCH')
    }
    await store.put(Buffer.from('precious'))
    expect(await store.get(digest, { maxBytes: 8 })).to.have.length(8)
    await rejected(store.get(digest, { maxBytes: 7 }), 'CONTENT_TOO_LARGE')
    await rejected(store.get(digestOf('nowhere'), { maxBytes: 7 }), 'CONTENT_NOT_FOUND')
    expect(readdirSync(directory()).filter((name) => name.startsWith('never'))).to.deep.equal([])
  })

  it('caps what it takes in and stops when told', async () => {
    const store = open('cap')
    await rejected(store.put(Buffer.alloc(11), { maxBytes: 10 }), 'CONTENT_TOO_LARGE')
    const reason = new Error('enough')
    const stopped = await store
      .put(Buffer.alloc(11), { signal: AbortSignal.abort(reason) })
      .catch((error: unknown) => error)
    expect(stopped).to.equal(reason)
    expect(readdirSync(join(directory(), 'cap', 'incoming'))).to.deep.equal([])
  })

  it('says so when the disk is full', function () {
    const script = join(directory(), 'full.ts')
    const root = join(directory(), 'full')
    mkdirSync(root)
    const module = new URL('../../sdk/src/content/DirectoryStore.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { DirectoryStore } from ${JSON.stringify(module)}
       new DirectoryStore(${JSON.stringify(root)}).put(Buffer.alloc(${4 * MiB})).catch((error) => console.log(error.code))`,
    )
    // A private mount namespace with a small tmpfs: a disk that is full for this one process.
    const output = execFileSync(
      'bwrap',
      ['--dev-bind', '/', '/', '--size', String(2 * MiB), '--tmpfs', root, process.execPath, '--import', 'tsx', script],
      { cwd: process.cwd(), encoding: 'utf8' },
    )
    expect(output.trim()).to.equal('CONTENT_DISK_FULL')
  })

  it('takes the same content from many writers at once', async () => {
    const store = open('race')
    const stored = await Promise.all(Array.from({ length: 16 }, () => store.put(Buffer.alloc(100_000, 3))))
    expect(new Set(stored.map(({ digest }) => digest)).size).to.equal(1)
    expect(await store.get(digestOf(Buffer.alloc(100_000, 3)), { maxBytes: MiB })).to.have.length(100_000)
  })
})
