import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchPackage, type LocalPackage } from '../../sdk/src/content/fetchPackage.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import type { Runtime, RuntimeName } from '../../sdk/src/runtime/Runtime.js'
import type { RunOutcome } from '../../sdk/src/runtime/RunOutcome.js'
import { compileGuest } from '../support/guests/compile.js'
import { useTemporaryDirectory } from '../support/temporary.js'

/** Jobs for each runtime. `npm run test:leaks` runs a thousand. */
const JOBS = Number(process.env['LEAK_JOBS'] ?? 12)
/** After so many minutes no more jobs begin; what was found holds for those that ran. */
const MINUTES = Number(process.env['LEAK_MINUTES'] ?? 720)
const NAMES: readonly RuntimeName[] = ['bubblewrap', 'linux', 'nanos']
const AT_ONCE = 2

/** What a machine could be left with. */
interface Holdings {
  /** Command lines that name the directory, beside our own. */
  readonly processes: readonly string[]
  /** What our own process has open. */
  readonly descriptors: number
  readonly mounts: readonly string[]
  /** Locks that our own process holds. */
  readonly locks: number
  readonly files: readonly string[]
  readonly children: number
}

function holdings(work: string): Holdings {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
  const commands = pids.flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')]
    } catch {
      return []
    }
  })
  const inodes = new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)]
      } catch {
        return []
      }
    }),
  )
  return {
    processes: commands.filter((command) => command.includes(work)),
    descriptors: inodes.size,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(work)),
    locks: readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .filter((line) => line.split(/\s+/)[4] === String(process.pid)).length,
    files: readdirSync(work),
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').split(' ').filter(Boolean).length,
  }
}

for (const name of NAMES) {
  describe(`runtime leaks: ${name}`, function () {
    this.timeout(120_000 + JOBS * 20_000)
    const directory = useTemporaryDirectory()
    let runtime: Runtime
    let packages: Readonly<Record<'valid' | 'hang', LocalPackage>>

    before(async function () {
      const work = join(directory(), 'work')
      mkdirSync(work)
      runtime = createRuntime(name, { cacheDirectory: join(directory(), 'cache'), workDirectory: work })
      const check = await runtime.check()
      if (!check.available) {
        console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
        this.skip()
      }
      const source = compileGuest('guest', directory())
      const install = async (mode: string): Promise<LocalPackage> => {
        const store = new DirectoryStore(join(directory(), 'store'))
        const resources = { cores: 1, memoryMiB: 32, outputMiB: 1 }
        const files = [{ path: 'guest', source, executable: true }]
        const argv = ['/app/guest', mode]
        const { digest } = await buildPackage({ name: mode, role: 'verify', argv, env: {}, resources, files }, store)
        return fetchPackage(digest, store, join(directory(), 'packages'))
      }
      packages = { valid: await install('valid'), hang: await install('hang') }
    })

    /** Every third job is killed: by the time limit, or by its caller before, while, or after the program starts. */
    async function runOne(index: number): Promise<RunOutcome['kind']> {
      const killed = index % 3 === 0
      const outputDirectory = mkdtempSync(join(directory(), 'out-'))
      const stop = new AbortController()
      const how = (index / 3) % 4
      const delays = [undefined, 0, 60, undefined]
      const delay = killed ? delays[how] : undefined
      const timer = delay === undefined ? undefined : setTimeout(() => stop.abort(), delay)
      try {
        const outcome = await runtime.run({
          package: killed ? packages.hang : packages.valid,
          inputs: [],
          args: [],
          role: 'verify',
          workload: '0x1',
          prover: '0x2',
          limits: { seconds: killed && how === 0 ? 0.1 : 120, cores: 1, memoryMiB: 32, outputMiB: 1, logBytes: 1024 },
          outputDirectory,
          signal: stop.signal,
          ...(killed && how === 3 && { onLog: () => stop.abort() }),
        })
        return outcome.kind
      } finally {
        clearTimeout(timer)
        rmSync(outputDirectory, { recursive: true })
      }
    }

    /** How many ended how, and our own memory. */
    function report(ends: Readonly<Record<string, number>>): string {
      return `${JSON.stringify({ name, ends, rss: process.memoryUsage().rss })}\n`
    }

    it(`leaves nothing behind after up to ${JOBS} jobs of which a third are killed`, async () => {
      const work = join(directory(), 'work')
      await runOne(1)
      const before = holdings(work)
      const ends: Record<string, number> = {}
      const surprises: string[] = []
      const until = performance.now() + MINUTES * 60_000
      let next = 0
      const worker = async (): Promise<void> => {
        for (let index = next++; index < JOBS && performance.now() < until; index = next++) {
          const wanted = index % 3 > 0 ? 'valid' : index % 12 === 0 ? 'timeout' : 'aborted'
          const kind = await runOne(index)
          if (kind !== wanted) surprises.push(`job ${index} ended as ${kind}, not ${wanted}`)
          ends[kind] = (ends[kind] ?? 0) + 1
          if (process.env['LEAK_REPORT'] !== undefined) writeFileSync(process.env['LEAK_REPORT'], report(ends))
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      expect(surprises).to.deep.equal([])
      expect(ends, 'too little time for one job').not.to.deep.equal({})
      const after = holdings(work)
      expect(after).to.deep.equal({ ...before, descriptors: after.descriptors })
      expect(after.files).to.deep.equal([])
      expect(after.processes).to.deep.equal([])
      expect(after.descriptors).to.be.at.most(before.descriptors + 2)
    })
  })
}
