import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect } from 'chai'

import { systemClock } from '../../sdk/src/clock.js'
import type { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { BubblewrapRuntime } from '../../sdk/src/runtime/bubblewrap/BubblewrapRuntime.js'
import type { Verdict } from '../../sdk/src/runtime/RunOutcome.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { assertRuntime, workerRuntime } from '../../sdk/src/worker/run/workerRuntime.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('worker: runtime of a configuration', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  const common = { accel: 'tcg', nanosKernel: '', nanosKernelSha256: '' } as const
  const configured = (runtime: 'linux' | 'nanos' | 'bubblewrap') =>
    ({ ...common, runtime, dataDirectory: join(directory(), 'data') }) as const
  let temporary: string | undefined

  // The system's temporary directory is of no use: it may be memory, and full.
  beforeEach(() => {
    temporary = process.env['TMPDIR']
    process.env['TMPDIR'] = join(directory(), 'missing')
  })
  afterEach(() => {
    if (temporary === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = temporary
  })

  it('wants the digest of a kernel that no distribution signed', async () => {
    await rejected(workerRuntime(configured('nanos')), 'WORKER_CONFIG_INVALID')
    expect((await workerRuntime({ ...configured('nanos'), nanosKernelSha256: 'ab'.repeat(32) })).name).to.equal('nanos')
    expect((await workerRuntime(configured('linux'))).name).to.equal('linux')
  })

  it('a test program that is only late is tried again by a supervisor, and any other that fails is not', async () => {
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const usage = { wallSeconds: 10, startSeconds: 0 }
    const checked = async (verdict: Verdict): Promise<GevulotError> => {
      const runtime = new BubblewrapRuntime({ workDirectory: directory() })
      runtime.run = () => Promise.resolve({ ...verdict, usage, log: '' })
      return rejected(assertRuntime(runtime, log), 'WORKER_RUNTIME_LATE', 'WORKER_RUNTIME_UNAVAILABLE')
    }
    const reason = 'said'
    for (const verdict of [{ kind: 'timeout' }, { kind: 'runtime-failed', reason, isLate: true }] as const)
      expect(await checked(verdict)).to.include({ code: 'WORKER_RUNTIME_LATE', retryable: true })
    for (const verdict of [
      { kind: 'crash', signal: 9 },
      { kind: 'runtime-failed', reason, isLate: false },
    ] as const)
      expect(await checked(verdict)).to.include({ code: 'WORKER_RUNTIME_UNAVAILABLE', retryable: false })
  })

  it('removes what a killed process left of its runs, and nothing else', async () => {
    const config = configured('bubblewrap')
    const left = [
      'work/0x01/in/data',
      'work/gevulot-job-a/job.img',
      'puzzles/0x02/out/proof',
      join('runner', 'work/0x03/out/x'),
    ]
    const kept = ['proofs/0x01/proof', 'commitments/1', 'cache/blobs/a', 'runner/id', 'runner/proofs/0x03/proof']
    for (const path of [...left, ...kept].map((name) => join(config.dataDirectory, name))) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, 'x')
    }
    await workerRuntime(config)
    const here = (name: string): boolean => existsSync(join(config.dataDirectory, name))
    expect(left.filter(here)).to.deep.equal([])
    expect(kept.filter((name) => !here(name))).to.deep.equal([])
  })

  for (const name of ['bubblewrap', 'linux'] as const) {
    it(`${name}: jobs lie in the data directory while they run, and nowhere else`, async function () {
      const config = configured(name)
      const runtime = await workerRuntime(config)
      const work = join(config.dataDirectory, 'work')
      const seen = new Set<string>()
      const checked = new AbortController()
      const look = async (): Promise<void> => {
        while (!checked.signal.aborted) {
          for (const entry of readdirSync(work)) seen.add(entry.replace(/-[^-]*$/, ''))
          await systemClock.sleep(1, checked.signal)
        }
      }
      const looking = look().catch(() => undefined)
      const check = await runtime.check().finally(() => checked.abort())
      await looking
      if (!check.available) {
        console.log(`      SKIP: ${check.reason}; ${check.fix}`)
        return this.skip()
      }
      expect([...seen].sort()).to.deep.equal(['gevulot-job', 'gevulot-probe'])
      expect(readdirSync(work)).to.deep.equal([])
    })
  }
})
