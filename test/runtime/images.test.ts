import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { compileInit } from '../../scripts/lib/compileInit.js'
import type { LocalPackage } from '../../sdk/src/content/fetchPackage.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import { addErofsIndex } from '../../sdk/src/runtime/disks/erofsIndex.js'
import { placeFile, type PlacedFile } from '../../sdk/src/runtime/disks/imageFile.js'
import { makeVmDisks } from '../../sdk/src/runtime/disks/vmDisks.js'
import { cpioArchive } from '../../sdk/src/runtime/linux/cpio.js'
import { readReport } from '../../sdk/src/runtime/linux/LinuxGuest.js'
import type { PreparedJob } from '../../sdk/src/runtime/prepareJob.js'
import type { RunLimits } from '../../sdk/src/runtime/Runtime.js'
import { readErofs } from '../support/erofs.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LIMITS: RunLimits = { seconds: 7, cores: 2, memoryMiB: 100, outputMiB: 4, logBytes: 1000 }
const TOKEN = '0123456789abcdef'.repeat(2)

describe('runtime: images', () => {
  const directory = useTemporaryDirectory()

  it('makes the same disks for the same job, bootable ones, and the program only once', async () => {
    const files = join(directory(), 'files')
    mkdirSync(files)
    writeFileSync(join(files, 'p'), 'program')
    const manifest = { files: [{ path: 'p', size: 7, mode: '0755', sha256: '' }] }
    const local = { directory: directory(), files, manifest } as unknown as LocalPackage
    const prepared: PreparedJob = {
      nonce: 'aa',
      argv: ['/app/p', 'ä ö'],
      env: { A: '"b"' },
      jobJson: Buffer.from('{}'),
      inputs: [],
    }
    const made = []
    for (const name of ['a', 'b']) {
      mkdirSync(join(directory(), name))
      made.push(await makeVmDisks(join(directory(), name), local, prepared, LIMITS, TOKEN))
    }
    expect(made[0]?.program).to.equal(made[1]?.program)
    const [a, b] = await Promise.all(made.map(({ job }) => readFile(job)))
    expect(a!.equals(b!)).to.equal(true)
    expect(a!.readUInt16LE(510)).to.equal(0xaa55)
    // The second partition is the root, and begins with a file system.
    const root = a!.readUInt32LE(446 + 16 + 8)
    expect(a!.toString('latin1', root * 512, root * 512 + 6)).to.equal('NVMTFS')
    expect((root + a!.readUInt32LE(446 + 16 + 12)) * 512).to.be.lessThan(a!.length)
    // Linux finds the same files, and what its init wants.
    const asLinux = readErofs(a!)
    expect([...asLinux.keys()].sort()).to.deep.equal(['exec', 'in/job.json'])
    expect(asLinux.get('exec')!.toString()).to.equal(`${TOKEN}\x004\x002\0/app/p\0ä ö\x001\0A="b"\x000\0`)
    expect(asLinux.get('in/job.json')!.toString()).to.equal('{}')
    expect(
      readErofs(await readFile(made[0]!.program))
        .get('p')!
        .toString(),
    ).to.equal('program')
    expect((await readFile(made[0]!.out)).length).to.equal(7 * 2 ** 20)
  })

  it('makes images that Linux reads, whatever is in them', async () => {
    const names = fc.uniqueArray(fc.stringMatching(/^([a-z]{1,3}\/){0,3}[A-Z]{1,120}$/), { maxLength: 60 })
    const contents = fc.uint8Array({ maxLength: 9000 })
    await fc.assert(
      fc.asyncProperty(names, contents, fc.nat(), async (paths, content, seed) => {
        const path = join(directory(), 'property.img')
        const image = await open(path, 'w')
        const placed: PlacedFile[] = []
        let at = 4096
        for (const [index, name] of paths.entries()) {
          const bytes = content.subarray(0, (seed + index * 997) % (content.length + 1))
          placed.push(await placeFile(image, at, { path: name, content: bytes, executable: index % 2 === 0 }))
          at += Math.ceil(bytes.length / 4096) * 4096
        }
        await addErofsIndex(image, placed, at).finally(() => image.close())
        const bytes = readFileSync(path)
        const files = readErofs(bytes)
        expect([...files.keys()].sort()).to.deep.equal([...paths].sort())
        for (const { path: name, offset, size } of placed)
          expect(files.get(name)!.equals(bytes.subarray(offset, offset + size))).to.equal(true)
      }),
      { numRuns: 50 },
    )
  })

  it('makes the same init of the same source, wherever that is done', () => {
    const made = ['a', 'b/c'].map((folder) => {
      const path = join(directory(), folder)
      mkdirSync(path, { recursive: true })
      compileInit(join(path, 'init'))
      return readFileSync(join(path, 'init'))
    })
    expect(made[0]!.equals(made[1]!)).to.equal(true)
    expect(made[0]!.toString('latin1', 0, 4)).to.equal('\x7fELF')
  })

  it('believes no report but that of the run', async () => {
    const numbers = { status: '1792', oom: '0', full: '1', cpu: '1500000', peak: '2048' }
    const root = (report: Record<string, string>): Map<string, Map<string, string>> =>
      new Map([['report', new Map(Object.entries(report))]])
    expect(readReport(root({ token: TOKEN, ...numbers }), TOKEN)).to.deep.equal({
      status: 0x700,
      memoryExhausted: false,
      full: true,
      cpuSeconds: 1.5,
      peakMemoryMiB: 2,
    })
    const read = async (report: Record<string, string>): Promise<unknown> => readReport(root(report), TOKEN)
    await rejected(read({ token: 'f'.repeat(32), ...numbers }), 'RUNTIME_IMAGE_INVALID')
    await rejected(read({ token: TOKEN, ...numbers, status: '-1' }), 'RUNTIME_IMAGE_INVALID')
    await rejected(read({ token: TOKEN }), 'RUNTIME_IMAGE_INVALID')
    await rejected((async () => readReport(new Map(), TOKEN))(), 'RUNTIME_IMAGE_INVALID')
  })

  it('writes archives of the newc form', () => {
    const archive = cpioArchive([{ path: 'd/file', mode: 0o100644, content: Buffer.from('content') }])
    const text = archive.toString('latin1')
    expect(text.slice(0, 110)).to.match(
      /^070701(00000001)(000081a4)(00000000){2}(00000001)(00000000)(00000007)(00000000){4}(00000007)(00000000)$/,
    )
    expect(text.slice(110, 128)).to.equal('d/file\0\0\0\0content\0')
    expect(text).to.contain('TRAILER!!!\0')
    expect(archive.length % 4).to.equal(0)
  })
})

describe('runtime: createRuntime', () => {
  it("never puts one runtime in another one's place", () => {
    for (const name of ['docker', '', 'Linux']) {
      expect(() => createRuntime(name as 'linux', { cacheDirectory: '/nowhere' }))
        .to.throw()
        .with.property('code', 'RUNTIME_UNKNOWN')
    }
  })
})
