import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { findLibraries } from '../../sdk/src/content/elf/findLibraries.js'
import { readElf } from '../../sdk/src/content/elf/readElf.js'
import { parseLdCache, systemLibraries } from '../../sdk/src/content/elf/systemLibraries.js'
import type { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { makeElf, type ElfSpec } from '../support/elf.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const NOWHERE = { cached: new Map<string, string[]>(), directories: [] }

describe('content: ELF headers', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let count = 0

  /** Writes a file, by default under a name of its own. */
  function write(bytes: Buffer | string, name = `file-${count++}`): string {
    const path = join(directory(), name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    return path
  }
  const writeElf = (spec: ElfSpec, name?: string): string => write(makeElf(spec), name)

  it('reads what a program needs', async () => {
    const path = writeElf({
      type: 'fixed',
      interpreter: '/lib64/ld-linux-x86-64.so.2',
      needed: ['libm.so.6', 'libc.so.6'],
      runpath: '$ORIGIN/../lib:/opt/x',
    })
    expect(await readElf(path)).to.deep.equal({
      kind: 'fixed',
      interpreter: '/lib64/ld-linux-x86-64.so.2',
      needed: ['libm.so.6', 'libc.so.6'],
      rpath: [],
      runpath: ['$ORIGIN/../lib', '/opt/x'],
    })
  })

  it('knows what is no x86-64 program', async () => {
    const other = makeElf({})
    other.writeUInt16LE(183, 18)
    const narrow = makeElf({})
    narrow[4] = 1
    const core = makeElf({})
    core.writeUInt16LE(4, 16)
    for (const bytes of [Buffer.alloc(0), Buffer.from('\x7fELF'), Buffer.alloc(100), other, narrow, core])
      expect(await readElf(write(bytes))).to.equal(undefined)
  })

  it('does not wait for a pipe, and reads no directory', async () => {
    execFileSync('mkfifo', [join(directory(), 'pipe')])
    await rejected(readElf(join(directory(), 'pipe')), 'CONTENT_FILE_INVALID')
    expect(await readElf(directory()).catch((error: unknown) => (error as GevulotError).code)).to.equal(
      'CONTENT_FILE_INVALID',
    )
  })

  it('says what is wrong with a damaged file', async () => {
    const spec: ElfSpec = { interpreter: '/lib/ld.so', needed: ['liba.so'] }
    const whole = makeElf(spec)
    const broken = (change: (elf: Buffer) => Buffer | void): Buffer => {
      const copy = Buffer.from(whole)
      return change(copy) ?? copy
    }
    const segment = (index: number): number => 64 + index * 56
    const cases: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
      'cut off': [whole.subarray(0, whole.length - 4), /behind the end/],
      'too many segments': [broken((elf) => void elf.writeUInt16LE(60_000, 56)), /60000 segments/],
      'segment headers of an odd size': [broken((elf) => void elf.writeUInt16LE(8, 54)), /odd size/],
      'segment headers elsewhere': [broken((elf) => void elf.writeBigUInt64LE(2n ** 63n, 32)), /behind the end/],
      'a segment larger than the file': [
        broken((elf) => void elf.writeBigUInt64LE(2n ** 62n, segment(0) + 32)),
        /behind the end/,
      ],
      'offset and size that overflow together': [
        broken((elf) => void elf.writeBigUInt64LE(BigInt(whole.length), segment(1) + 8)),
        /behind the end/,
      ],
      'a loader without an end': [broken((elf) => void elf.fill(0x61, elf.length - 1)), /loader is no path/],
      'a loader that is no path': [makeElf({ interpreter: 'ld.so' }), /loader is no path/],
      'a loader with an endless name': [makeElf({ interpreter: `/${'a'.repeat(5000)}` }), /too long/],
      'names outside the file': [
        broken((elf) => void elf.writeBigUInt64LE(2n ** 40n, elf.readUInt32LE(segment(1) + 8) + 16 + 8)),
        /table of names/,
      ],
      'a library by a path': [makeElf({ needed: ['../../etc/shadow'] }), /by a path/],
      'a library without a name': [makeElf({ needed: [''] }), /empty/],
      'too many libraries': [
        makeElf({ needed: Array.from({ length: 600 }, (_, index) => `lib${index}.so`) }),
        /more than 512/,
      ],
      'too many entries': [makeElf({ needed: Array.from({ length: 5000 }, () => 'l') }), /entries/],
    }
    for (const [what, [bytes, message]] of Object.entries(cases)) {
      const error = await rejected(readElf(write(bytes)), 'CONTENT_ELF_INVALID')
      expect(error.message, what).to.match(message)
    }
  })

  it('whatever is changed in a file, it is read or refused, never believed', async () => {
    const whole = makeElf({ interpreter: '/lib64/ld.so', needed: ['liba.so', 'libb.so'], rpath: '/x', runpath: '/y' })
    const path = join(directory(), 'fuzzed')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        fc.nat(whole.length),
        async (changes, length) => {
          const copy = Buffer.from(whole)
          for (const [at, byte] of changes) copy[at] = byte
          writeFileSync(path, length < 64 ? copy : copy.subarray(0, length))
          try {
            const elf = await readElf(path)
            for (const name of elf?.needed ?? []) expect(name).to.match(/^[^/\0]+$/)
            if (elf?.interpreter !== undefined) expect(elf.interpreter).to.match(/^\/[^\0]*$/)
          } catch (error) {
            expect((error as GevulotError).code, String(error)).to.equal('CONTENT_ELF_INVALID')
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  describe('libraries', () => {
    it('finds them in the order in which the loader looks', async () => {
      const at = (name: string, spec: ElfSpec = {}): string => writeElf(spec, `order/${name}`)
      const root = join(directory(), 'order')
      const inner = at('rpath/libinner.so')
      const own = at('origin/libown.so', { needed: ['libinner.so'] })
      const cached = at('cache/libcached.so', { needed: ['libown.so'] })
      const system = at('system/libsystem.so')
      at('system/libown.so')
      const program = at('origin/bin/program', {
        needed: ['libown.so', 'libcached.so', 'libsystem.so'],
        rpath: `$ORIGIN/..:${root}/rpath:relative`,
      })
      const { libraries, loader } = await findLibraries([program], new Map(), {
        cached: new Map([['libcached.so', [cached]]]),
        directories: [join(root, 'system')],
      })
      expect(loader).to.equal(undefined)
      // RPATH of the program counts for the libraries of its libraries too.
      expect(Object.fromEntries(libraries)).to.deep.equal({
        'libown.so': own,
        'libcached.so': cached,
        'libsystem.so': system,
        'libinner.so': inner,
      })
    })

    it('RUNPATH counts for the file alone, and puts RPATH out of force', async () => {
      const root = join(directory(), 'runpath')
      writeElf({ needed: ['libfar.so'] }, 'runpath/a/libnear.so')
      writeElf({}, 'runpath/a/libfar.so')
      const program = writeElf({ needed: ['libnear.so'], runpath: `${root}/a` }, 'runpath/program')
      await rejected(findLibraries([program], new Map(), NOWHERE), 'CONTENT_LIBRARY_MISSING')
      const both = writeElf({ needed: ['libnear.so'], rpath: `${root}/a`, runpath: `${root}/none` }, 'runpath/both')
      await rejected(findLibraries([both], new Map(), NOWHERE), 'CONTENT_LIBRARY_MISSING')
    })

    it('ends with libraries that need each other, and with links that lead round', async () => {
      const program = writeElf({ needed: ['libx.so'], rpath: '$ORIGIN' }, 'round/program')
      writeElf({ needed: ['liby.so', 'libx.so'] }, 'round/libx.so')
      writeElf({ needed: ['libx.so'] }, 'round/liby.so')
      expect([...(await findLibraries([program], new Map(), NOWHERE)).libraries.keys()]).to.deep.equal([
        'libx.so',
        'liby.so',
      ])
      const lost = writeElf({ needed: ['libloop.so'], rpath: '$ORIGIN' }, 'round/lost')
      symlinkSync('libloop.so', join(directory(), 'round/libloop.so'))
      await rejected(findLibraries([lost], new Map(), NOWHERE), 'CONTENT_LIBRARY_MISSING')
    })

    it('packs nothing that is no library, whatever a program calls it', async () => {
      const root = join(directory(), 'home')
      write('-----BEGIN OPENSSH PRIVATE KEY-----', 'home/.ssh/id_ed25519')
      writeElf({ type: 'fixed' }, 'home/.ssh/program')
      for (const name of ['id_ed25519', 'program']) {
        const thief = writeElf({ needed: [name], runpath: `${root}/.ssh` })
        const error = await rejected(findLibraries([thief], new Map(), NOWHERE), 'CONTENT_LIBRARY_MISSING')
        expect(error.message).to.include(name)
      }
      const loader = writeElf({ interpreter: join(root, '.ssh/id_ed25519') })
      await rejected(findLibraries([loader], new Map(), NOWHERE), 'CONTENT_LIBRARY_MISSING')
    })

    it('is of one mind with the loader of this machine', async () => {
      const { loader, libraries } = await findLibraries([process.execPath])
      expect(loader).to.deep.equal({ name: 'ld-linux-x86-64.so.2', path: realpathSync('/lib64/ld-linux-x86-64.so.2') })
      const listed = execFileSync('ldd', [process.execPath], { encoding: 'utf8' })
      const loaded = [...listed.matchAll(/=> (\/\S+)/g)].map(([, path = '']) => [basename(path), realpathSync(path)])
      expect(Object.fromEntries(libraries)).to.deep.equal(Object.fromEntries(loaded))
      expect(loaded).not.to.be.empty
    })
  })

  describe('the cache of the loader', () => {
    /** A cache of today's format. */
    function cacheOf(
      entries: readonly (readonly [name: string, path: string, flags: number, hardware: bigint])[],
    ): Buffer {
      const table = 48 + entries.length * 24
      const bytes = Buffer.alloc(table)
      bytes.write('glibc-ld.so.cache1.1', 'latin1')
      bytes.writeUInt32LE(entries.length, 20)
      const texts: Buffer[] = []
      let at = table
      const offsetOf = (value: string): number => {
        const text = Buffer.from(`${value}\0`)
        texts.push(text)
        at += text.length
        return at - text.length
      }
      entries.forEach(([name, path, flags, hardware], index) => {
        const entry = 48 + index * 24
        bytes.writeUInt32LE(flags, entry)
        bytes.writeUInt32LE(offsetOf(name), entry + 4)
        bytes.writeUInt32LE(offsetOf(path), entry + 8)
        bytes.writeBigUInt64LE(hardware, entry + 16)
      })
      return Buffer.concat([bytes, ...texts])
    }
    const entries = [
      ['liba.so', '/lib/liba.so', 0x0303, 0n],
      ['liba.so', '/lib/v3/liba.so', 0x0303, 1n << 62n],
      ['libi386.so', '/lib/libi386.so', 0x0003, 0n],
      ['librelative.so', 'lib/librelative.so', 0x0303, 0n],
    ] as const

    it('has the libraries for every x86-64 processor', () => {
      const want = new Map([['liba.so', ['/lib/liba.so']]])
      expect(parseLdCache(cacheOf(entries))).to.deep.equal(want)
      const old = Buffer.alloc(32)
      old.write('ld.so-1.7.0', 'latin1')
      old.writeUInt32LE(1, 12)
      expect(parseLdCache(Buffer.concat([old, cacheOf(entries)]))).to.deep.equal(want)
    })

    it('is worth nothing where it is damaged', () => {
      const whole = cacheOf(entries)
      for (const length of [0, 10, 47, 60]) expect(parseLdCache(whole.subarray(0, length)).size).to.equal(0)
      const large = Buffer.from(whole)
      large.writeUInt32LE(0xffffffff, 20)
      expect(parseLdCache(large).size).to.equal(0)
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
          const copy = Buffer.from(whole)
          copy[at] = byte
          for (const paths of parseLdCache(copy).values()) for (const path of paths) expect(path).to.match(/^\//)
        }),
      )
    })

    it('is read with the configuration, whose files may include each other', async () => {
      write('/opt/one\ninclude ld.so.conf.d/*.conf # all\n', 'machine/etc/ld.so.conf')
      write('/opt/two\ninclude /etc/ld.so.conf\n', 'machine/etc/ld.so.conf.d/b.conf')
      write('/never\n', 'machine/etc/ld.so.conf.d/b.txt')
      write(cacheOf(entries), 'machine/etc/ld.so.cache')
      const root = join(directory(), 'machine')
      const { cached, directories } = await systemLibraries(root)
      expect(cached.get('liba.so')).to.deep.equal([join(root, '/lib/liba.so')])
      expect(directories.slice(0, 2)).to.deep.equal([join(root, 'opt/one'), join(root, 'opt/two')])
      expect(directories).to.include(join(root, 'usr/lib')).and.not.include(join(root, 'never'))
    })
  })
})
