import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { systemClock } from '../../sdk/src/clock.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { digestOf, hexOf, type Digest } from '../../sdk/src/content/digest.js'
import { makePublicDirectory } from '../../sdk/src/content/makePublicDirectory.js'
import { openWritablePlace } from '../../sdk/src/content/openPlace.js'
import { PackageCache } from '../../sdk/src/content/PackageCache.js'
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

  it('what is for others can be read by everybody whatever the umask, and nothing else', async () => {
    const content = Buffer.from('of a worker whose unit has UMask=0077')
    const digest = digestOf(content)
    const before = process.umask(0o077)
    try {
      await openWritablePlace(join(directory(), 'open', 'proofs')).put(content)
      await open('closed').put(content)
    } finally {
      process.umask(before)
    }
    const modesOf = (name: string): string[] =>
      [join(directory(), name), dirname(pathOf(name, digest)), pathOf(name, digest)].map((path) =>
        (statSync(path).mode & 0o777).toString(8),
      )
    expect(modesOf('open/proofs')).to.deep.equal(['755', '755', '444'])
    expect(modesOf('closed')).to.deep.equal(['700', '700', '400'])
  })

  it('what lies above it and is missing is not opened to others, in whatever way it is named', async () => {
    const modeOf = (...parts: string[]): string => (statSync(join(directory(), ...parts)).mode & 0o777).toString(8)
    const before = process.umask(0o077)
    try {
      // A data directory that nobody has made yet.
      await openWritablePlace(join(directory(), 'data', 'proofs')).put(Buffer.from('a proof'))
      const digest = digestOf('a proof')
      expect([modeOf('data'), modeOf('data', 'proofs'), modeOf('data', 'proofs', hexOf(digest).slice(0, 2))]).to.deep.equal(['700', '755', '755']) // prettier-ignore
      await makePublicDirectory(join(relative(process.cwd(), directory()), 'relative', 'a', 'b'), join(directory(), 'relative', 'a')) // prettier-ignore
      expect([modeOf('relative'), modeOf('relative', 'a'), modeOf('relative', 'a', 'b')]).to.deep.equal(['700', '755', '755']) // prettier-ignore
      await PackageCache.open({ directory: join(directory(), 'private', 'cache'), maxBytes: MiB, clock: systemClock })
      expect([modeOf('private'), modeOf('private', 'cache'), modeOf('private', 'cache', 'packages')]).to.deep.equal(['700', '700', '755']) // prettier-ignore
    } finally {
      process.umask(before)
    }
  })

  it('lies where the page for web servers says', async () => {
    const { digest } = await open('served').put(Buffer.from('a proof'))
    const page = readFileSync(join(root, 'docs/content-stores.md'), 'utf8')
    const [, pattern = '', alias = ''] = /location ~ "([^"]+)" \{ alias ([^;]+); \}/.exec(page) ?? []
    const names = new RegExp(pattern).exec(`/proofs/${hexOf(digest)}`)?.groups ?? {}
    const path = alias.replaceAll(/\$(\w+)/g, (_, name: string) => names[name] ?? '')
    expect(path).to.equal(`/srv/gevulot/proofs/${relative(join(directory(), 'served'), pathOf('served', digest))}`)
  })

  it('takes the same content from many writers at once', async () => {
    const store = open('race')
    const stored = await Promise.all(Array.from({ length: 16 }, () => store.put(Buffer.alloc(100_000, 3))))
    expect(new Set(stored.map(({ digest }) => digest)).size).to.equal(1)
    expect(await store.get(digestOf(Buffer.alloc(100_000, 3)), { maxBytes: MiB })).to.have.length(100_000)
  })
})
