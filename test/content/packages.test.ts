import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildInputs } from '../../sdk/src/content/buildInputs.js'
import { buildPackage, type PackageSpec } from '../../sdk/src/content/buildPackage.js'
import { canonicalJson } from '../../sdk/src/content/canonicalJson.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchInputs } from '../../sdk/src/content/fetchInputs.js'
import { fetchPackage } from '../../sdk/src/content/fetchPackage.js'
import { packDirectory } from '../../sdk/src/content/packDirectory.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

/** The smallest thing that passes for an x86-64 program. */
function elfHeader(): Buffer {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(62, 18)
  return header
}

const spec: Omit<PackageSpec, 'files'> = {
  name: 'p',
  role: 'prove',
  argv: ['/app/bin/p'],
  resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
}

describe('content: packages', () => {
  const directory = useTemporaryDirectory()
  const store = (): DirectoryStore => new DirectoryStore(join(directory(), 'store'))

  function sourceTree(name: string): string {
    const root = join(directory(), name)
    mkdirSync(join(root, 'bin'), { recursive: true })
    writeFileSync(join(root, 'bin', 'p'), elfHeader(), { mode: 0o755 })
    writeFileSync(join(root, 'data'), 'data')
    return root
  }

  it('packs a directory and brings back the same files', async () => {
    const files = await packDirectory(sourceTree('tree'))
    const built = await buildPackage({ ...spec, files }, store())
    expect(built.manifest.files.map(({ path, mode }) => [path, mode])).to.deep.equal([
      ['bin/p', '0755'],
      ['data', '0644'],
    ])
    const local = await fetchPackage(built.digest, store(), join(directory(), 'cache'))
    expect(local.manifest).to.deep.equal(built.manifest)
    expect(readFileSync(join(local.files, 'data'), 'utf8')).to.equal('data')
    expect(statSync(join(local.files, 'bin/p')).mode & 0o777).to.equal(0o555)
    // The order in which files are given does not matter.
    const again = await buildPackage({ ...spec, files: [...files].reverse() }, store())
    expect(again.digest).to.equal(built.digest)
  })

  it('keeps equal files of several packages once', async () => {
    const files = await packDirectory(sourceTree('tree'))
    const [one, two] = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const { digest } = await buildPackage({ ...spec, name, files }, store())
        return fetchPackage(digest, store(), join(directory(), 'shared'))
      }),
    )
    expect(statSync(join(one?.files ?? '', 'data')).ino).to.equal(statSync(join(two?.files ?? '', 'data')).ino)
  })

  it('survives many fetches at once, and repairs a damaged copy', async () => {
    const { digest } = await buildPackage({ ...spec, files: await packDirectory(sourceTree('tree')) }, store())
    const cache = join(directory(), 'busy')
    const copies = await Promise.all(Array.from({ length: 8 }, () => fetchPackage(digest, store(), cache)))
    expect(new Set(copies.map((copy) => copy.directory)).size).to.equal(1)
    expect(readdirSync(join(cache, 'packages'))).to.have.length(1)
    const data = join(copies[0]?.files ?? '', 'data')
    chmodSync(data, 0o644)
    truncateSync(data, 1)
    const repaired = await fetchPackage(digest, store(), cache)
    expect(readFileSync(join(repaired.files, 'data'), 'utf8')).to.equal('data')
  })

  it('refuses links, programs that are no ELF, lies about sizes, and too much', async () => {
    const root = sourceTree('hostile')
    const files = await packDirectory(root)
    const { digest, manifest } = await buildPackage({ ...spec, files }, store())
    await rejected(fetchPackage(digest, store(), join(directory(), 'c1'), { maxBytes: 67 }), 'CONTENT_TOO_LARGE')
    const lie = Buffer.from(
      canonicalJson({ ...manifest, files: manifest.files.map((file) => ({ ...file, size: file.size + 1 })) }),
    )
    await store().put(lie)
    await rejected(fetchPackage(digestOf(lie), store(), join(directory(), 'c1')), 'CONTENT_MANIFEST_INVALID')
    expect(readdirSync(join(directory(), 'c1', 'packages'))).to.deep.equal([])
    const script = [{ path: 'bin/p', source: Buffer.from('#!/bin/sh\n'), executable: true }]
    const { digest: scripted } = await buildPackage({ ...spec, files: script }, store())
    await rejected(fetchPackage(scripted, store(), join(directory(), 'c1')), 'CONTENT_FILE_INVALID')
    await rejected(
      buildPackage({ ...spec, files: [{ path: 'bin/p', source: join(root, 'data'), executable: true }] }, store()),
      'CONTENT_FILE_INVALID',
    )
    symlinkSync('/etc/passwd', join(root, 'link'))
    await rejected(packDirectory(root), 'CONTENT_FILE_INVALID')
  })

  it('follows links of a directory that stay in it, and only those', async () => {
    const root = sourceTree('linked')
    symlinkSync('p', join(root, 'bin', 'alias'))
    const files = await packDirectory(root)
    expect(files.map(({ path, executable }) => [path, executable])).to.deep.equal([
      ['bin/alias', true],
      ['bin/p', true],
      ['data', false],
    ])
    for (const [link, target] of [
      ['round', '.'],
      ['nowhere', 'none'],
      ['out', '../store'],
      ['pipe', '/dev/zero'],
    ] as const) {
      const path = join(root, link)
      symlinkSync(target, path)
      await rejected(packDirectory(root), 'CONTENT_FILE_INVALID')
      unlinkSync(path)
    }
  })

  it('stores inputs and brings them back', async () => {
    const { digest } = await buildInputs(
      { args: ['7'], files: { witness: Buffer.from('w'), public_inputs: Buffer.alloc(32) } },
      store(),
    )
    const local = await fetchInputs(digest, store(), join(directory(), 'in'))
    expect(local.args).to.deep.equal(['7'])
    expect(local.files.map(({ name, size }) => [name, size])).to.deep.equal([
      ['public_inputs', 32],
      ['witness', 1],
    ])
    expect(readFileSync(local.publicInputs.path)).to.deep.equal(Buffer.alloc(32))
    await rejected(fetchInputs(digest, store(), join(directory(), 'in2'), { maxBytes: 32 }), 'CONTENT_TOO_LARGE')
    await rejected(buildInputs({ files: { witness: Buffer.from('w') } }, store()), 'CONTENT_MANIFEST_INVALID')
  })
})
