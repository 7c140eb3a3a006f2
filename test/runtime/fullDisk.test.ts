import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { DiskErrors, type DiskFailure } from '../../sdk/src/runtime/microvm/DiskErrors.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import { compileGuest } from '../support/guests/compile.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const root = join(import.meta.dirname, '../..')
const RUN = join(root, 'test/support/runFillingProcess.ts')
const execute = promisify(execFile)
// Who is no root gets to be it in a user namespace.
const NAMESPACES = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])]

describe("runtime: this machine's disk is full", function () {
  this.timeout(300_000)
  const directory = useTemporaryDirectory()
  let work: string
  let guest: string

  /** Runs a command where the directory of the disks is a disk of so many MiB. */
  const within = async (mib: number, command: readonly string[]): Promise<string> => {
    const script = `set -e; mount -t tmpfs -o size=${mib}m tmpfs "$0"; exec "$@"`
    const { stdout } = await execute('unshare', [...NAMESPACES, 'sh', '-c', script, work, ...command], { cwd: root })
    return stdout
  }

  before(async function () {
    work = join(directory(), 'work')
    mkdirSync(work)
    guest = compileGuest('guest', directory())
    try {
      await within(1, ['true'])
    } catch (error) {
      console.log(`      SKIP this machine lets nobody mount a small disk: ${String(error)}`)
      this.skip()
    }
  })

  for (const name of ['linux', 'nanos'] as const) {
    it(`ends a run at once, and blames no program: ${name}`, async function () {
      const cacheDirectory = join(directory(), 'cache')
      const check = await createRuntime(name, { cacheDirectory, workDirectory: directory() }).check()
      if (!check.available) {
        console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
        return this.skip()
      }
      const run = async (mib: number): Promise<Record<string, unknown>> => {
        const args = [process.execPath, '--import', 'tsx', RUN, name, directory(), work, guest]
        return JSON.parse(await within(mib, args)) as Record<string, unknown>
      }
      // With room it is the program's own limit that it meets.
      expect(await run(16)).to.include({ kind: 'disk-full' })
      const ended = await run(2)
      expect(ended, JSON.stringify(ended)).to.deep.include({ code: 'CONTENT_DISK_FULL', left: [] })
      expect(ended['message']).to.include('out.img')
    })
  }
})

describe('runtime: the events of QEMU', () => {
  const read = (...pieces: readonly string[]): DiskFailure[] => {
    const found: DiskFailure[] = []
    const errors = new DiskErrors((failure) => found.push(failure))
    for (const piece of pieces) errors.write(Buffer.from(piece))
    return found
  }
  const event = (data: unknown): string => `${JSON.stringify({ event: 'BLOCK_IO_ERROR', data })}\r\n`

  it('tell which disk failed, and whether for want of room, wherever the pieces are cut', () => {
    const full = event({ device: 'out', reason: 'No space left on device' })
    const quota = event({ device: 'job', reason: 'Disk quota exceeded' })
    const broken = event({ device: 'program', reason: 'Input/output error' })
    const all = `{"QMP": {}}\r\n{"return": {}}\r\n${full}${quota}${broken}`
    const found = read(all)
    expect(found).to.deep.equal([
      { disk: 'out', isFull: true, reason: 'No space left on device' },
      { disk: 'job', isFull: true, reason: 'Disk quota exceeded' },
      { disk: 'program', isFull: false, reason: 'Input/output error' },
    ])
    expect(read(...all)).to.deep.equal(found)
  })

  it('are read as a guest that took QEMU over may write them', () => {
    const lies = ['BLOCK_IO_ERROR\n', '{"event":"BLOCK_IO_ERROR"}\n', '["BLOCK_IO_ERROR"]\n', 'null BLOCK_IO_ERROR\n']
    expect(read(...lies, 'x'.repeat(1 << 20), '\n')).to.deep.equal([])
    expect(read(event({ device: 7, reason: 'r'.repeat(1000) }))).to.deep.equal([
      { disk: 'unknown', isFull: false, reason: 'r'.repeat(200) },
    ])
  })
})
