import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildInputs } from '../../sdk/src/content/buildInputs.js'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import type { ContentStore, PutProgress } from '../../sdk/src/content/ContentStore.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { KuboStore } from '../../sdk/src/content/ipfs/KuboStore.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { MultiStore } from '../../sdk/src/content/MultiStore.js'
import { S3Store } from '../../sdk/src/content/s3/S3Store.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'
import { S3_CREDENTIALS, startS3Server } from '../support/stores/s3Server.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const MiB = 2 ** 20
const SIZE = 6 * MiB + 5

describe('content: progress of writing', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let node: IpfsNode
  let s3: Awaited<ReturnType<typeof startS3Server>>
  before(async () => {
    node = await IpfsNode.start()
    s3 = await startS3Server(join(directory(), 's3'), 2)
  })
  after(async () => {
    node.stop()
    await s3.stop()
  })

  const onDisk = (): DirectoryStore => new DirectoryStore(join(directory(), 'disk'))
  const kubo = (): KuboStore => new KuboStore(node.url)
  const bucket = (partBytes: number): S3Store =>
    new S3Store({ uri: 's3://content/progress', endpoint: s3.endpoint, credentials: S3_CREDENTIALS, partBytes })
  const stores: readonly (readonly [name: string, open: () => ContentStore, steps: number])[] = [
    ['a directory', onDisk, 3],
    ['several stores', () => new MultiStore([onDisk()]), 3],
    ['an IPFS node', kubo, 3],
    ['a bucket, in parts', () => bucket(5 * MiB), 2],
    ['a bucket, in one', () => bucket(16 * MiB), 1],
  ]

  /** What is told never falls, never repeats itself, and ends with all. */
  function isWhole(told: readonly PutProgress[], size: number): void {
    expect(told.at(-1)).to.deep.equal({ stored: size, total: size })
    const order = told.map(({ stored }) => stored)
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b))
    expect(new Set(told.map((now) => JSON.stringify(now))).size).to.equal(told.length)
  }

  for (const [name, open, steps] of stores) {
    it(`${name}: of bytes, of a file, of a stream, and of what is there already`, async () => {
      const content = (): Buffer => randomBytes(SIZE)
      const path = join(directory(), 'source')
      writeFileSync(path, content())
      async function* stream(): AsyncGenerator<Uint8Array> {
        const bytes = content()
        for (let at = 0; at < bytes.length; at += MiB) yield await Promise.resolve(bytes.subarray(at, at + MiB))
      }
      for (const input of [content(), { path }, stream(), { path }]) {
        const told: PutProgress[] = []
        const { size } = await open().put(input, { onProgress: (now) => told.push(now) })
        expect(size).to.equal(SIZE)
        isWhole(told, SIZE)
        // Bytes go to a directory in one piece, and what is there already is not sent.
        if (Symbol.asyncIterator in input) expect(told.length).to.be.at.least(steps)
      }
    })
  }

  it('in memory, and of nothing at all', async () => {
    const told: PutProgress[] = []
    const onProgress = (now: PutProgress): void => void told.push(now)
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (const byte of 'ab') yield await Promise.resolve(Buffer.from(byte))
    }
    await new MemoryStore().put(stream(), { onProgress })
    expect(told).to.deep.equal([{ stored: 1 }, { stored: 2 }, { stored: 2, total: 2 }])
    for (const store of [new MemoryStore(), onDisk(), kubo(), bucket(5 * MiB)]) {
      told.length = 0
      await store.put(new Uint8Array(), { onProgress })
      expect(told, store.name).to.deep.equal([{ stored: 0, total: 0 }])
    }
  })

  it('inputs and packages tell all files together, with the whole where no stream hides it', async () => {
    const path = join(directory(), 'witness')
    writeFileSync(path, randomBytes(SIZE))
    const told: PutProgress[] = []
    const onProgress = (now: PutProgress): void => void told.push(now)
    const all = SIZE + 4
    await buildInputs({ files: { public_inputs: Buffer.from('abcd'), witness: { path } } }, onDisk(), { onProgress })
    isWhole(told, all)
    expect(told[0]).to.deep.equal({ stored: 4, total: all })
    expect(told.every(({ total }) => total === all)).to.equal(true)
    expect(told.length).to.be.greaterThan(10)

    told.length = 0
    const resources = { cores: 1, memoryMiB: 64, outputMiB: 1 }
    const files = [{ path: 'p', source: Buffer.from('elf!'), executable: true }, { path: 'data', source: path }] // prettier-ignore
    const paths: string[] = []
    await buildPackage({ name: 'p', role: 'prove', argv: ['/app/p'], resources, files }, onDisk(), { onProgress, onFile: (each) => paths.push(each) }) // prettier-ignore
    isWhole(told, all)
    expect(told[0]).to.deep.equal({ stored: 4, total: all })
    expect(paths).to.deep.equal(['p', 'data'])

    told.length = 0
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('xyz'))
    }
    await buildInputs({ files: { public_inputs: Buffer.from('abcd'), salt: stream() } }, onDisk(), { onProgress })
    expect(told).to.deep.equal([{ stored: 4 }, { stored: 7 }, { stored: 7, total: 7 }])
  })
})
