import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { OutputDisk } from '../../sdk/src/runtime/linux/OutputDisk.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const TOKEN = '0123456789abcdef'.repeat(2)
const SECTOR = 512

interface Written {
  readonly name: string
  readonly content: Uint8Array
}

/** The disk as init.c writes it. */
function diskOf(files: readonly Written[], room = 4): Buffer {
  const header = Buffer.alloc(SECTOR)
  header.write(`GVLTOUT1${TOKEN}`, 'latin1')
  header.writeInt32LE(7 << 8, 40)
  header.writeUInt32LE(1, 48)
  header.writeUInt32LE(files.length, 52)
  header.writeBigUInt64LE(1_500_000n, 56)
  header.writeBigUInt64LE(2048n, 64)
  const entries = files.flatMap(({ name, content }) => {
    const entry = Buffer.alloc(SECTOR)
    entry.write('ENTY', 'latin1')
    entry.writeUInt32LE(1, 4)
    entry.writeBigUInt64LE(BigInt(content.length), 8)
    entry.writeUInt32LE(Buffer.byteLength(name, 'latin1'), 16)
    entry.write(name, 20, 'latin1')
    return [entry, content, Buffer.alloc((SECTOR - (content.length % SECTOR)) % SECTOR)]
  })
  return Buffer.concat([header, ...entries, Buffer.alloc(room * SECTOR)])
}

describe('runtime: output disk', () => {
  const directory = useTemporaryDirectory()

  async function open(bytes: Uint8Array): Promise<OutputDisk> {
    const path = join(directory(), 'out.img')
    writeFileSync(path, bytes)
    return OutputDisk.open(path, TOKEN)
  }

  async function read(disk: OutputDisk, name: string, maxBytes = 1 << 20): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    for await (const chunk of disk.read(name, maxBytes)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  const files = fc.uniqueArray(
    fc.record({ name: fc.stringMatching(/^[A-Za-z0-9._-]{1,100}$/), content: fc.uint8Array({ maxLength: 2000 }) }),
    { selector: (file) => file.name, maxLength: 8 },
  )

  it('reads back what was written', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (written) => {
        const disk = await open(diskOf(written))
        expect(disk.report).to.deep.equal({ status: 0x700, memoryExhausted: false, cpuSeconds: 1.5, peakMemoryMiB: 2 })
        expect(disk.full).to.equal(true)
        for (const { name, content } of written) {
          expect(await disk.stat(name)).to.deep.equal({ kind: 'file', size: content.length })
          expect((await read(disk, name)).equals(content)).to.equal(true)
          expect(await read(disk, name, 5)).to.have.length(Math.min(5, content.length))
        }
        expect(await disk.stat('not there')).to.equal(undefined)
        await disk.close()
      }),
    )
  })

  it('answers every damaged disk with files inside it, or with one error', async () => {
    const damage = fc.array(fc.record({ at: fc.nat(8000), byte: fc.nat(255) }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(files, damage, fc.nat(8000), async (written, changes, length) => {
        const bytes = Buffer.from(diskOf(written).subarray(0, length))
        for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte
        try {
          const disk = await open(bytes)
          for (const { name } of written) {
            const entry = await disk.stat(name)
            if (entry?.kind === 'file' && entry.size <= bytes.length) await read(disk, name)
          }
          await disk.close()
        } catch (error) {
          expect(GevulotError.is(error, 'RUNTIME_IMAGE_INVALID'), String(error)).to.equal(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  const lies: Readonly<Record<string, (disk: Buffer) => Buffer>> = {
    'nothing at all': () => Buffer.alloc(0),
    'no header': (disk) => disk.fill(0, 0, 8),
    'the header of another run': (disk) => disk.fill('f', 8, 40),
    'four thousand million files': (disk) => disk.fill(0xff, 52, 56),
    'more files than there are': (disk) => disk.fill(200, 52, 53),
    'a file beyond the end': (disk) => disk.fill(0xff, SECTOR + 8, SECTOR + 16),
    'a file just beyond the end': (disk) => (
      disk.writeBigUInt64LE(BigInt(disk.length - 2 * SECTOR + 1), SECTOR + 8),
      disk
    ),
    'a name without end': (disk) => disk.fill(0xff, SECTOR + 16, SECTOR + 20),
    'an empty name': (disk) => disk.fill(0, SECTOR + 16, SECTOR + 20),
    'an unknown kind': (disk) => disk.fill(9, SECTOR + 4, SECTOR + 5),
    'half a sector': (disk) => disk.subarray(0, SECTOR + 100),
  }
  for (const [what, lie] of Object.entries(lies)) {
    it(`refuses ${what}`, async () => {
      await rejected(open(lie(diskOf([{ name: 'proof', content: Buffer.from('x') }], 0))), 'RUNTIME_IMAGE_INVALID')
    })
  }

  it('refuses one name for two files', async () => {
    const twice = [1, 2].map(() => ({ name: 'proof', content: Buffer.from('x') }))
    await rejected(open(diskOf(twice)), 'RUNTIME_IMAGE_INVALID')
  })
})
