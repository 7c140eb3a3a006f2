import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import type { ImageFile } from '../../sdk/src/runtime/disks/imageFile.js'
import { encodeTuple, encodeVarint } from '../../sdk/src/runtime/disks/tfs/encode.js'
import { MAGIC, RECORD, SECTOR, type TfsTuple, type TfsValue } from '../../sdk/src/runtime/disks/tfs/format.js'
import { TfsVolume, type TfsFacts } from '../../sdk/src/runtime/disks/tfs/TfsVolume.js'
import { writeTfs, type TfsContent, type TfsLayout } from '../../sdk/src/runtime/disks/tfs/writeTfs.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LABEL = 'out'

describe('runtime: disk format of Nanos', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let count = 0

  async function write(content: TfsContent, layout?: TfsLayout): Promise<Buffer> {
    const path = join(directory(), `w${count++}.img`)
    const image = await open(path, 'wx')
    try {
      await writeTfs(image, LABEL, content, layout)
    } finally {
      await image.close()
    }
    return readFile(path)
  }

  async function openBytes(bytes: Uint8Array, isFull: (usage: TfsFacts) => boolean = () => false): Promise<TfsVolume> {
    const path = join(directory(), 'r.img')
    await writeFile(path, bytes)
    return TfsVolume.open(path, LABEL, isFull)
  }

  async function read(volume: TfsVolume, name: string, maxBytes = 1 << 22): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    for await (const chunk of volume.read(name, maxBytes)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** A volume whose log holds these records, as a guest could have written it. */
  function volumeOf(records: readonly Buffer[], sectors = 64): Buffer {
    const bytes = Buffer.alloc(sectors * SECTOR)
    const label = Buffer.concat([Buffer.alloc(16), Buffer.from(`${LABEL}\0`)])
    Buffer.concat([MAGIC, encodeVarint(5), encodeVarint(1), label, linkTo(1, 32)]).copy(bytes)
    Buffer.concat([MAGIC, encodeVarint(5), encodeVarint(32), ...records, Buffer.from([RECORD.end])]).copy(bytes, SECTOR)
    return bytes
  }
  const linkTo = (sector: bigint | number, length: bigint | number): Buffer =>
    Buffer.concat([Buffer.from([RECORD.link]), encodeVarint(sector), encodeVarint(length)])
  const record = (tuple: Buffer): Buffer =>
    Buffer.concat([Buffer.from([RECORD.tuple]), encodeVarint(tuple.length), encodeVarint(tuple.length), tuple])
  const tree = (children: Record<string, TfsValue>): Buffer =>
    record(encodeTuple(new Map([['children', new Map(Object.entries(children))]])))
  const fileOf = (filelength: TfsValue, extents: Record<string, TfsValue>): TfsTuple =>
    new Map<string, TfsValue>([
      ['filelength', filelength],
      ['extents', new Map(Object.entries(extents))],
    ])
  const extent = (offset: bigint, length: bigint, more: Record<string, TfsValue> = {}): TfsTuple =>
    new Map<string, TfsValue>(Object.entries({ offset, length, allocated: length, ...more }))

  const files = fc.uniqueArray(
    fc.record({ path: fc.stringMatching(/^[A-Za-z0-9._-]{1,100}$/), content: fc.uint8Array({ maxLength: 5000 }) }),
    { selector: (file) => file.path, maxLength: 20 },
  )
  const asImageFiles = (list: readonly { path: string; content: Uint8Array }[]): ImageFile[] =>
    list.map((file) => ({ ...file, executable: false }))

  it('reads back what was written, and writes the same bytes again', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.boolean(), async (list, writable) => {
        const layout = writable ? { totalSectors: 8192 } : {}
        const bytes = await write({ files: asImageFiles(list) }, layout)
        expect(bytes.equals(await write({ files: asImageFiles(list) }, layout))).to.equal(true)
        const volume = await openBytes(bytes)
        for (const { path, content } of list) {
          expect(await volume.stat(path)).to.deep.equal({ kind: 'file', size: content.length })
          expect((await read(volume, path)).equals(content)).to.equal(true)
          expect(await read(volume, path, 7)).to.have.length(Math.min(7, content.length))
        }
        expect(await volume.stat('not there')).to.equal(undefined)
        await volume.close()
      }),
      { numRuns: 50 },
    )
  })

  it('spreads a large tree over several extensions of the log', async () => {
    const list = Array.from({ length: 10_000 }, (_, index) => ({
      path: `a-file-with-a-rather-long-name-so-that-the-log-grows-${index}`,
      content: Buffer.from(index % 1000 === 0 ? String(index) : ''),
      executable: false,
    }))
    const bytes = await write({ files: list })
    expect(bytes.length).to.be.greaterThan(1024 * SECTOR)
    const volume = await openBytes(bytes)
    expect((await read(volume, list[9000]!.path)).toString()).to.equal('9000')
    expect(await volume.stat(list[9999]!.path)).to.deep.equal({ kind: 'file', size: 0 })
    await volume.close()
  })

  it('encodes lengths of every size', () => {
    for (const value of [0n, 1n, 127n, 128n, 16_383n, 16_384n, 2n ** 53n, 2n ** 64n - 1n]) {
      const bytes = encodeVarint(value)
      let back = 0n
      for (const byte of bytes) back = (back << 7n) | BigInt(byte & 0x7f)
      expect(back).to.equal(value)
      expect([...bytes.subarray(0, -1)].every((byte) => byte >= 0x80) && bytes.at(-1)! < 0x80).to.equal(true)
    }
    // As the kernel writes it: type and three bits of the length in the first byte, then groups of seven.
    expect(
      encodeTuple(new Map([['x'.repeat(7), 1n]]))
        .subarray(0, 2)
        .toString('hex'),
    ).to.equal('9187')
    expect(
      encodeTuple(new Map([['x'.repeat(8), 1n]]))
        .subarray(1, 3)
        .toString('hex'),
    ).to.equal('8808')
    expect(
      encodeTuple(new Map([['x'.repeat(1024), 1n]]))
        .subarray(1, 4)
        .toString('hex'),
    ).to.equal('888800')
  })

  it('refuses trees that are none', async () => {
    const file = (path: string): ImageFile => ({ path, content: Buffer.from('x'), executable: false })
    for (const list of [
      [file('a'), file('a')],
      [file('a'), file('a/b')],
      [file('a/b'), file('a')],
    ]) {
      expect(await write({ files: list }).catch((error: unknown) => error)).to.be.instanceOf(TypeError)
    }
    expect(await write({ files: [] }, { totalSectors: 8 }).catch((error: unknown) => error)).to.be.instanceOf(TypeError)
  })

  it('plays later records over earlier ones', async () => {
    // Tuple 1 is the root, name 2 "children", tuple 3 the directory; then name 4 "a" and tuple 5, a file.
    const remove = Buffer.from([0x11, 3, 0x04, 0x80])
    const rename = Buffer.from([0x11, 3, 0x81, 0x62, 0x10, 5])
    const first = tree({ a: fileOf(3n, { '0': extent(40n, 1n) }) })
    const bytes = volumeOf([first, Buffer.from([RECORD.padding]), record(rename), record(remove)])
    bytes.write('abc', 40 * SECTOR)
    const volume = await openBytes(bytes)
    expect(await volume.stat('a')).to.equal(undefined)
    expect((await read(volume, 'b')).toString()).to.equal('abc')
    await volume.close()
  })

  it('reads holes and what was never written as zeros', async () => {
    const bytes = volumeOf([
      tree({ f: fileOf('2000', { '2': extent(40n, 1n), '3': extent(41n, 1n, { uninited: 'x' }) }) }),
    ]).fill('z', 40 * SECTOR)
    const volume = await openBytes(bytes)
    const content = await read(volume, 'f')
    expect(content).to.have.length(2000)
    expect(content.equals(Buffer.alloc(2000).fill('z', 1024, 1536))).to.equal(true)
    await volume.close()
  })

  it('tells links, directories and devices from files', async () => {
    const volume = await openBytes(
      volumeOf([
        tree({
          link: new Map([['linktarget', '/in/job.json']]),
          directory: new Map([['children', new Map()]]),
          socket: new Map([['socket', 1n]]),
          text: 'not even a tuple',
          both: new Map([...fileOf(1n, {}), ['linktarget', 'x']]),
        }),
      ]),
    )
    for (const name of ['link', 'directory', 'socket', 'text', 'both']) {
      expect(await volume.stat(name), name).to.deep.equal({ kind: 'other' })
      await rejected(read(volume, name), 'RUNTIME_IMAGE_INVALID')
    }
    await volume.close()
  })

  it('counts each file once, whatever circles the guest made', async () => {
    // Directory 3 holds itself as "me", and its file twice.
    const first = tree({ a: fileOf(512n, { '0': extent(40n, 8n) }) })
    const circle = Buffer.from([0x12, 3, 0x82, 0x6d, 0x65, 0x10, 3, 0x81, 0x62, 0x10, 5])
    let usage: TfsFacts | undefined
    const volume = await openBytes(volumeOf([first, record(circle)]), (seen) => (usage = seen).sectors === 64)
    expect(volume.full).to.equal(true)
    expect(usage).to.include({ sectors: 64, usedSectors: 1 + 32 + 8 })
    await volume.close()
  })

  const lies: Readonly<Record<string, () => Buffer>> = {
    'nothing at all': () => Buffer.alloc(0),
    'half a sector': () => volumeOf([]).subarray(0, 100),
    'no magic': () => volumeOf([tree({})]).fill(0, 0, 1),
    'another version': () => volumeOf([tree({})]).fill(4, 6, 7),
    'the label of another volume': () => volumeOf([tree({})]).fill('x', 24, 25),
    'a label without end': () => volumeOf([tree({})]).fill('x', 24, 512),
    'no root': () => volumeOf([]),
    'a root without children': () => volumeOf([record(encodeTuple(new Map([['x', 'y']])))]),
    'a log that runs in a circle': () => volumeOf([tree({}), linkTo(1, 32)]),
    'a log of nothing': () => volumeOf([tree({}), linkTo(40, 0)]),
    'a log that begins beyond the end': () => volumeOf([tree({}), linkTo(2n ** 50n, 1)]),
    'a log that reaches beyond the end': () => volumeOf([tree({}), linkTo(40, 25)]),
    'a log without end': () => {
      const bytes = volumeOf([tree({})])
      return bytes.fill(RECORD.padding, SECTOR + 20, 33 * SECTOR)
    },
    'a record of an unknown kind': () => volumeOf([Buffer.from([9])]),
    'a record longer than the log': () => volumeOf([Buffer.from([RECORD.tuple, 0x85, 0x80, 0, 0x85, 0x80, 0, 1])]),
    'a record of no length': () => volumeOf([Buffer.from([RECORD.tuple, 0, 0])]),
    'an instalment of nothing': () => volumeOf([Buffer.from([RECORD.tuple, 9, 0])]),
    'an instalment longer than its record': () => volumeOf([Buffer.from([RECORD.tuple, 1, 2, 0x90, 0x90])]),
    'a new record before the old one is whole': () => volumeOf([Buffer.from([RECORD.tuple, 2, 1, 0x90]), tree({})]),
    'a continuation of nothing': () => volumeOf([Buffer.from([RECORD.continuation, 1, 0x90])]),
    'a number without end': () => volumeOf([Buffer.concat([Buffer.from([RECORD.tuple]), Buffer.alloc(11, 0xff)])]),
    'a number of 70 bits': () =>
      volumeOf([record(Buffer.from([0x91, 0x81, 0x61, 0xb0, ...Buffer.alloc(10, 0xff), 1]))]),
    'a count without end': () => volumeOf([record(Buffer.from([0x9f, ...Buffer.alloc(12, 0xff), 0x7f]))]),
    'four thousand million entries': () => volumeOf([record(Buffer.from([0x98, 0x8f, 0xff, 0xff, 0xff, 0x7f]))]),
    'a text longer than its record': () => volumeOf([record(Buffer.from([0x91, 0x81, 0x61, 0xcf, 0x7f]))]),
    'a name that was never said': () => volumeOf([record(Buffer.from([0x91, 0x05, 0x80]))]),
    'a tuple that was never there': () => volumeOf([record(Buffer.from([0x11, 0x05, 0x80]))]),
    'a text by its number': () => volumeOf([record(Buffer.from([0x91, 0x81, 0x61, 0x41]))]),
    'a vector': () => volumeOf([record(Buffer.from([0x91, 0x81, 0x61, 0xa0]))]),
    'a type that does not exist': () => volumeOf([record(Buffer.from([0x91, 0x81, 0x61, 0xf0]))]),
    'bytes behind a tuple': () => volumeOf([record(Buffer.from([0x90, 0x90]))]),
    'a tree without end': () =>
      volumeOf([
        record(Buffer.concat([...Array<Buffer>(2000).fill(Buffer.from([0x91, 0x81, 0x61])), Buffer.of(0x90)])),
      ]),
  }
  for (const [what, lie] of Object.entries(lies)) {
    it(`refuses ${what}`, async () => rejected(openBytes(lie()), 'RUNTIME_IMAGE_INVALID'))
  }

  const lyingFiles: Readonly<Record<string, TfsTuple>> = {
    'a piece beyond the end': fileOf(512n, { '0': extent(64n, 1n) }),
    'a piece that reaches beyond the end': fileOf(512n, { '0': extent(63n, 2n) }),
    'a piece at minus one': fileOf(512n, { '-1': extent(40n, 1n) }),
    'a piece at a name': fileOf(512n, { first: extent(40n, 1n) }),
    'a piece of a text': fileOf(512n, { '0': 'x' }),
    'a piece with an empty place': fileOf(512n, { '0': new Map() }),
    'pieces that overlap': fileOf(4096n, { '0': extent(40n, 4n), '2': extent(50n, 4n) }),
    'a place of 60 bits': fileOf(512n, { '0': extent(2n ** 60n, 1n) }),
  }
  for (const [what, file] of Object.entries(lyingFiles)) {
    it(`refuses a file with ${what}`, async () => {
      const opened = openBytes(volumeOf([tree({ f: file })]))
      await rejected(
        opened.then((volume) => read(volume, 'f').finally(() => volume.close())),
        'RUNTIME_IMAGE_INVALID',
      )
    })
  }

  it('refuses more entries than any honest guest makes, before they fill the memory', async () => {
    const name = encodeTuple(new Map([['a', 1n]])).subarray(1, 3)
    const repeated = Buffer.from([0x02, 0x80]) // the name once more, and nothing
    const entries = Buffer.concat([name, Buffer.of(0x80), ...Array<Buffer>(600_000).fill(repeated)])
    const tuple = Buffer.concat([Buffer.from([0x98, 0xa4, 0xcf, 0x41]), entries])
    const bytes = Buffer.alloc(4096 * SECTOR)
    volumeOf([], 64).subarray(0, SECTOR).copy(bytes)
    const big = record(tuple)
    Buffer.concat([MAGIC, encodeVarint(5), encodeVarint(4000), big]).copy(bytes, SECTOR)
    Buffer.concat([
      MAGIC,
      encodeVarint(5),
      encodeVarint(1),
      Buffer.alloc(16),
      Buffer.from(`${LABEL}\0`),
      linkTo(1, 4000),
    ]).copy(bytes)
    await rejected(openBytes(bytes), 'RUNTIME_IMAGE_INVALID')
  })

  /** A volume with a log of `sectors` sectors whose content is given; larger than `volumeOf` makes. */
  function longLog(sectors: number, content: Buffer): Buffer {
    const bytes = Buffer.alloc((sectors + 1) * SECTOR)
    const label = Buffer.concat([Buffer.alloc(16), Buffer.from(`${LABEL}\0`)])
    Buffer.concat([MAGIC, encodeVarint(5), encodeVarint(1), label, linkTo(1, sectors)]).copy(bytes)
    Buffer.concat([MAGIC, encodeVarint(5), encodeVarint(sectors), content, Buffer.of(RECORD.end)]).copy(bytes, SECTOR)
    return bytes
  }

  async function refused(promise: Promise<unknown>, why: RegExp): Promise<void> {
    expect((await rejected(promise, 'RUNTIME_IMAGE_INVALID')).message).to.match(why)
  }

  /** A tuple with one entry that was seen before, by its number. */
  function tupleAgain(index: number): Buffer {
    return Buffer.concat([Buffer.of(0x11), encodeVarint(index)])
  }

  it('refuses a record in a million instalments, before their number fills the memory', async () => {
    const total = 1_000_000
    const begin = Buffer.concat([Buffer.of(RECORD.tuple), encodeVarint(total), Buffer.of(1, 0x90)])
    const instalments = Buffer.alloc(3 * (total - 1), Buffer.of(RECORD.continuation, 1, 0))
    await refused(openBytes(longLog(6000, Buffer.concat([begin, instalments]))), /instalments/)
  })

  it('refuses more extensions, and a longer log, than any honest guest makes', async () => {
    const parts = Array.from({ length: 5000 }, (_, index) => {
      const part = Buffer.alloc(SECTOR)
      Buffer.concat([MAGIC, encodeVarint(5), encodeVarint(1), linkTo(index + 34, 1)]).copy(part)
      return part
    })
    const many = Buffer.concat([volumeOf([tree({}), linkTo(33, 1)]).subarray(0, 33 * SECTOR), ...parts])
    await refused(openBytes(many), /circle/)
    await refused(openBytes(longLog(2 ** 16 + 1, tree({}))), /too long/)
  })

  it('refuses a file of more pieces than any honest guest makes', async () => {
    const piece = extent(40n, 0n)
    const pieces = Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [String(index), piece]))
    const volume = await openBytes(longLog(20_000, tree({ f: fileOf(512n, pieces) })))
    await refused(read(volume, 'f'), /too many pieces/)
    await volume.close()
  })

  it('walks a tree as deep as records can make it', async () => {
    // Tuple 1 is the root, name 2 "children", tuple 3 the directory. Each record hangs a directory into the last one.
    const records: Buffer[] = []
    let last = 3
    for (let depth = 0; depth < 20_000; depth++) {
      const name = depth === 0 ? Buffer.of(0x81, 0x64) : Buffer.of(4)
      records.push(record(Buffer.concat([tupleAgain(last), name, Buffer.of(0x91, 2, 0x90)])))
      // The name "d" is new once; then come the new tuple and its children's.
      last += depth === 0 ? 3 : 2
    }
    const content = Buffer.concat([tree({}), ...records])
    const volume = await openBytes(longLog(Math.ceil(content.length / SECTOR) + 1, content))
    expect(await volume.stat('d')).to.deep.equal({ kind: 'other' })
    await volume.close()
  })

  it('refuses pieces that hold themselves', async () => {
    // In order: root 1, "children" 2, directory 3, "f" 4, file 5, "filelength" 6, "extents" 7, its tuple 8.
    const circle = Buffer.concat([tupleAgain(8), Buffer.of(0x81, 0x30, 0x10, 8)])
    await refused(openBytes(volumeOf([tree({ f: fileOf(512n, {}) }), record(circle)])), /a number is none/)
  })

  it('reads no more of a file that claims to be endless than it was asked for', async () => {
    const volume = await openBytes(volumeOf([tree({ f: fileOf(2n ** 53n - 1n, { '0': extent(40n, 1n) }) })]))
    expect(await volume.stat('f')).to.deep.equal({ kind: 'file', size: 2 ** 53 - 1 })
    expect(await read(volume, 'f', 1 << 20)).to.have.length(1 << 20)
    await volume.close()
  })

  it('answers every damaged disk with files inside it, or with one error', async () => {
    const damage = fc.array(fc.record({ at: fc.nat(6000), byte: fc.nat(255) }), { minLength: 1, maxLength: 8 })
    const small = files.map((list) =>
      list.slice(0, 5).map((file) => ({ ...file, content: file.content.subarray(0, 600) })),
    )
    let intact = 0
    await fc.assert(
      fc.asyncProperty(small, damage, fc.nat(40), async (list, changes, cut) => {
        const bytes = Buffer.from(await write({ files: asImageFiles(list) }))
        // Most damage goes where the tree is: behind the header, and in the last sectors.
        for (const { at, byte } of changes) {
          const place = at % 3 === 0 ? at % SECTOR : bytes.length - SECTOR * 2 + (at % (SECTOR * 2))
          if (place >= 0 && place < bytes.length) bytes[place] = byte
        }
        try {
          const volume = await openBytes(cut < 30 ? bytes : bytes.subarray(0, bytes.length - (cut - 30) * 300))
          try {
            for (const { path } of list) {
              const entry = await volume.stat(path)
              if (entry?.kind === 'file') expect((await read(volume, path, 10_000)).length).to.be.at.most(10_000)
            }
            intact++
          } finally {
            await volume.close()
          }
        } catch (error) {
          expect(GevulotError.is(error, 'RUNTIME_IMAGE_INVALID'), String(error)).to.equal(true)
        }
      }),
      { numRuns: 1000 },
    )
    // Both ways were taken.
    expect(intact).to.be.within(1, 999)
  })
})
