/**
 * What each runtime that works on this machine costs, side by side, as a report: from the call to the program's first instruction, a whole
 * tiny job, its disks, opening the outputs, computing on one and two threads against the same program without any runtime, and
 * the machine's memory. Times are medians; the accelerator of the virtual machines stands in every name. How much slower a program computes is
 * told by processor time on this machine, which others who keep it busy do not change.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

import { buildPackage, DirectoryStore, fetchPackage, type LocalPackage } from '../sdk/src/content/index.js'
import { makeVmDisks, OUT_LABEL } from '../sdk/src/runtime/disks/vmDisks.js'
import { TfsVolume } from '../sdk/src/runtime/disks/tfs/TfsVolume.js'
import { createRuntime, type RunOutcome, type Runtime, type RuntimeName } from '../sdk/src/runtime/index.js'
import { prepareJob } from '../sdk/src/runtime/prepareJob.js'
import { childrenOf, treeUsage } from '../sdk/src/runtime/processTree.js'
import type { RunJob } from '../sdk/src/runtime/Runtime.js'
import { compileGuest } from '../test/support/guests/compile.js'
import { type Row, writeReport } from './report.js'

const NAMES: readonly RuntimeName[] = ['nanos', 'linux', 'bubblewrap']
const RUNS = 9
const COMPUTE_RUNS = 3
const TICKS_PER_SECOND = 100
/** The program of the image work has a megabyte. */
const MiB = 2 ** 20
/**
 * Design section 14: boot of Nanos at most 0.2 s when emulated, image work at most 20 ms. The others are figures of a first prototype: seconds to
 * the program, of a whole tiny job, slow-down on one and on two threads, MiB.
 */
const TARGETS: Readonly<Record<RuntimeName, readonly [start: number, job: number, slow: number, memory: number]>> = {
  nanos: [0.2, 0.25, 7.1, 130],
  linux: [2.05, 2.25, 7.1, 223],
  bubblewrap: [0.05, 0.1, 1.1, 40],
}
const TARGET_IMAGES = 20

const directory = mkdtempSync(join(tmpdir(), 'gevulot-bench-'))
const guest = compileGuest('guest', directory)

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function install(mode: string, argv: readonly string[] = []): Promise<LocalPackage> {
  const store = new DirectoryStore(join(directory, 'store'))
  const { digest } = await buildPackage(
    {
      name: mode,
      role: 'prove',
      argv: ['/app/guest', mode, ...argv],
      env: {},
      resources: { cores: 2, memoryMiB: 64, outputMiB: 4 },
      files: [{ path: 'guest', source: guest, executable: true }],
    },
    store,
  )
  return fetchPackage(digest, store, join(directory, 'packages'))
}

function jobOf(local: LocalPackage): RunJob {
  return {
    package: local,
    inputs: [],
    args: [],
    role: 'prove',
    workload: '0x1',
    prover: '0x2',
    limits: { seconds: 600, cores: 2, memoryMiB: 64, outputMiB: 4, logBytes: 4096 },
    outputDirectory: mkdtempSync(join(directory, 'out-')),
  }
}

async function run(runtime: Runtime, local: LocalPackage): Promise<RunOutcome & { readonly total: number }> {
  const began = performance.now()
  const outcome = await runtime.run(jobOf(local))
  if (outcome.kind !== 'ok') throw new Error(`${runtime.name}: ${JSON.stringify(outcome)}`)
  return { ...outcome, total: (performance.now() - began) / 1000 }
}

/** The same work without any runtime; its processor time, seconds. */
function nativeSeconds(threads: number): number {
  // Of all children that have ended: user and system, fields 16 and 17 of which two stand before the bracket.
  const ended = (): number => {
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
  }
  const before = ended()
  const { stdout, status } = spawnSync(guest, ['work', String(threads)], { encoding: 'utf8', env: { NATIVE: '1' } })
  if (status !== 0) throw new Error(`the guest failed: ${stdout}`)
  return ended() - before
}

/** The most that our children take during a run: sandbox, virtual machine and program. Memory in MiB, processor time in seconds. */
async function watched(act: () => Promise<unknown>): Promise<{ readonly memory: number; readonly processor: number }> {
  const before = new Set(childrenOf(process.pid))
  let [memory, processor] = [0, 0]
  const timer = setInterval(() => {
    const fresh = childrenOf(process.pid).filter((pid) => !before.has(pid))
    const usages = fresh.map((pid) => treeUsage(pid))
    memory = Math.max(
      memory,
      usages.reduce((sum, { memoryKiB }) => sum + memoryKiB / 1024, 0),
    )
    processor = Math.max(
      processor,
      usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    )
  }, 5)
  await act().finally(() => clearInterval(timer))
  return { memory, processor }
}

/** Of several times the same. */
async function processorSeconds(act: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < COMPUTE_RUNS; count++) times.push((await watched(act)).processor)
  return median(times)
}

function row(name: string, value: number, unit: string, target: number): Row {
  return { name: `runtime ${name}`, value: Math.round(value * 1000) / 1000, unit, target, peer: '–' }
}

/** The disks of a virtual machine for a program of a megabyte, and what is left to do where the program's is there already. */
async function imageRows(): Promise<Row[]> {
  const [all, again, reading]: [number[], number[], number[]] = [[], [], []]
  for (let count = 0; count < 21; count++) {
    const at = mkdtempSync(join(directory, 'image-'))
    const files = join(at, 'files')
    mkdirSync(files)
    copyFileSync(guest, join(files, 'guest'))
    truncateSync(join(files, 'guest'), MiB)
    chmodSync(join(files, 'guest'), 0o755)
    const fetched = await install('valid')
    const manifest = { ...fetched.manifest, files: fetched.manifest.files.map((file) => ({ ...file, size: MiB })) }
    const local: LocalPackage = { ...fetched, manifest, directory: at, files }
    const input = join(at, 'input')
    writeFileSync(input, randomBytes(MiB))
    const job: RunJob = { ...jobOf(local), inputs: [{ name: 'input', path: input }] }
    const prepared = await prepareJob(job)
    for (const times of [all, again]) {
      const jobDirectory = mkdtempSync(join(at, 'job-'))
      const began = performance.now()
      const disks = await makeVmDisks(jobDirectory, local, prepared, job.limits, 'f'.repeat(32))
      times.push(performance.now() - began)
      const opened = performance.now()
      await (await TfsVolume.open(disks.out, OUT_LABEL, () => false)).close()
      reading.push(performance.now() - opened)
    }
    if (statSync(join(at, 'program-2.img')).size < MiB) throw new Error('the program is not on its disk')
    rmSync(at, { recursive: true })
  }
  return [
    row('disks for a 1 MiB program and a 1 MiB input, first run', median(all), 'ms', TARGET_IMAGES),
    row('disks for a 1 MiB program and a 1 MiB input, later runs', median(again), 'ms', TARGET_IMAGES),
    row('opening an output disk', median(reading), 'ms', TARGET_IMAGES),
  ]
}

async function runtimeRows(name: RuntimeName): Promise<Row[]> {
  const runtime = createRuntime(name, { cacheDirectory: join(directory, 'cache'), workDirectory: directory })
  const check = await runtime.check()
  if (!check.available) {
    console.log(`SKIP ${name}: ${check.reason} (${check.fix})`)
    return []
  }
  const [start, job, slow, memory] = TARGETS[name]
  const tiny = await install('tiny')
  const runs = []
  await run(runtime, tiny)
  for (let count = 0; count < RUNS; count++) runs.push(await run(runtime, tiny))
  const accel = runs[0]?.usage.accel
  const of = accel === undefined ? name : `${name}, ${accel}`
  const rows = [
    row(`${of}: call to program`, median(runs.map(({ usage }) => usage.startSeconds)), 's', start),
    row(`${of}: whole tiny job`, median(runs.map(({ total }) => total)), 's', job),
    row(
      `${of}: memory of this machine for a tiny job`,
      (await watched(() => run(runtime, tiny))).memory,
      'MiB',
      memory,
    ),
  ]
  const idle = await processorSeconds(() => run(runtime, tiny))
  rows.push(row(`${of}: processor time of a tiny job`, idle, 's', job))
  for (const threads of [1, 2]) {
    const work = await install('work', [String(threads)])
    const native = median(Array.from({ length: COMPUTE_RUNS }, () => nativeSeconds(threads)))
    const ratio = ((await processorSeconds(() => run(runtime, work))) - idle) / native
    rows.push(
      row(`${of}: processor time against native, ${threads} thread${threads === 1 ? '' : 's'}`, ratio, 'times', slow),
    )
  }
  return rows
}

try {
  const cores = availableParallelism()
  // A reader has to know what else the machine did: above its cores, times of the clock are those of a crowded machine.
  const rows = [row(`load of this machine, which has ${cores} cores`, loadavg()[0] ?? 0, 'jobs', cores)]
  rows.push(...(await imageRows()))
  for (const name of NAMES) rows.push(...(await runtimeRows(name)))
  writeReport(rows)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
