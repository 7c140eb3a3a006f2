import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { classify } from '../classify.js'
import { GuardedProcess } from '../GuardedProcess.js'
import { LogTail } from '../LogTail.js'
import { chooseAccel, type Accel } from '../microvm/accel.js'
import { SYSTEM_SECONDS } from '../microvm/microvmCommand.js'
import { prepareJob } from '../prepareJob.js'
import { probe, probeCommand } from '../probe.js'
import { treeUsage } from '../processTree.js'
import type { RunJob, Runtime, RuntimeCheck } from '../Runtime.js'
import type { RunOutcome, RunUsage, Verdict } from '../RunOutcome.js'
import { nanosCommand } from './nanosCommand.js'
import { isOutFull, keptExitCode, makeNanosDisks, OUT_LABEL, type NanosDisks } from './nanosDisks.js'
import { nanosExit } from './nanosExit.js'
import { findNanosKernel, type NanosKernelOptions } from './nanosKernel.js'
import { NanosSerial } from './NanosSerial.js'
import { TfsVolume } from './tfs/TfsVolume.js'

/** Options of {@link NanosRuntime}. */
export interface NanosOptions extends NanosKernelOptions {
  /** Where jobs keep their disks while they run; default the system's temporary directory. */
  readonly workDirectory?: string
  /** `auto` (default) takes KVM where a test program runs under it, emulation elsewhere; the run's usage says which. */
  readonly accel?: Accel | 'auto'
}

const MONITOR_MS = 20

/**
 * A unikernel for each run: the program is the machine's only process, and of system calls there are only those that Nanos
 * has (no fork, no exec). QEMU, a kernel image of Nanos, three disks and no network. Starts within a fraction of a second.
 * Processor time and memory in the usage are those of the whole virtual machine. Source: design section 8.
 */
export class NanosRuntime implements Runtime {
  readonly name = 'nanos'
  readonly #options: NanosOptions
  readonly #workDirectory: string
  #accel: Promise<Accel> | undefined

  constructor(options: NanosOptions) {
    this.#options = options
    this.#workDirectory = options.workDirectory ?? tmpdir()
  }

  async check(): Promise<RuntimeCheck> {
    const qemu = await probeCommand('qemu-system-x86_64', ['--version'])
    if (qemu === undefined)
      return { available: false, reason: 'QEMU is not installed', fix: 'apt-get install qemu-system-x86' }
    const bubblewrap = await probeCommand('bwrap', ['--version'])
    if (bubblewrap === undefined) {
      return {
        available: false,
        reason: 'bubblewrap, which jails QEMU, is not installed',
        fix: 'apt-get install bubblewrap',
      }
    }
    try {
      const { path, sha256 } = await findNanosKernel(this.#options)
      const outcome = await probe(this, this.#workDirectory)
      if (outcome.kind === 'valid') {
        const accel = outcome.usage.accel ?? ''
        return { available: true, details: { qemu, bubblewrap, kernel: path, sha256, accel } }
      }
      const why = outcome.kind === 'runtime-failed' ? outcome.reason : outcome.log.trim()
      return {
        available: false,
        reason: `a test program did not run (${outcome.kind}): ${why}`,
        fix: 'Read the log above; try `accel: tcg`, and a kernel of a release of Nanos.',
      }
    } catch (error) {
      if (!GevulotError.is(error, 'RUNTIME_UNAVAILABLE')) throw error
      const fix = error.details?.['fix']
      return { available: false, reason: error.message, fix: typeof fix === 'string' ? fix : error.hint }
    }
  }

  async run(job: RunJob): Promise<RunOutcome> {
    this.#accel ??= chooseAccel(this.#options.accel ?? 'auto', () =>
      probe({ run: (probing) => this.#runWith(probing, 'kvm') }, this.#workDirectory, 5),
    )
    return this.#runWith(job, await this.#accel)
  }

  async #runWith(job: RunJob, accel: Accel): Promise<RunOutcome> {
    const began = performance.now()
    const prepared = await prepareJob(job)
    const { path: kernel } = await findNanosKernel(this.#options)
    const directory = await mkdtemp(join(this.#workDirectory, 'gevulot-job-'))
    try {
      const disks = await makeNanosDisks(directory, job.package, prepared, job.limits)
      return await runMachine({ job, nonce: prepared.nonce, kernel, disks, accel, began })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** Everything a machine needs for one run. */
interface MachineRun {
  readonly job: RunJob
  readonly nonce: string
  readonly kernel: string
  readonly disks: NanosDisks
  readonly accel: Accel
  /** When the run was asked for, as `performance.now()`. */
  readonly began: number
}

async function runMachine({ job, nonce, kernel, disks, accel, began }: MachineRun): Promise<RunOutcome> {
  let started: number | undefined
  let peakKiB = 0
  let cpuSeconds = 0
  const systemLog = new LogTail(16_384)
  const qemuLog = new LogTail(16_384)
  const log = new LogTail(job.limits.logBytes, job.onLog)
  const serial = new NanosSerial({
    system: (bytes) => systemLog.write(bytes),
    program: (bytes) => log.write(bytes),
    start: () => {
      started = performance.now()
      boot.abort()
      machine.deadline(job.limits.seconds * 1000, 'timeout')
    },
  })
  const machine = new GuardedProcess<'timeout' | 'system'>({
    ...nanosCommand(kernel, disks, job.limits, accel),
    onOutput: (bytes) => serial.write(bytes),
    onError: (bytes) => qemuLog.write(bytes),
    ...(job.signal && { signal: job.signal }),
  })
  const boot = machine.deadline(SYSTEM_SECONDS * 1000, 'system')
  const watch = async (): Promise<void> => {
    for (;;) {
      await systemClock.sleep(MONITOR_MS, machine.over)
      const used = treeUsage(machine.pid)
      peakKiB = Math.max(peakKiB, used.memoryKiB)
      cpuSeconds = Math.max(cpuSeconds, used.cpuSeconds)
    }
  }
  // It ends by an error: the machine is gone.
  watch().catch(() => undefined)
  const end = await machine.ended
  const ended = performance.now()
  serial.close()

  const judge = async (): Promise<Verdict> => {
    if (end.killed === 'timeout' || end.killed === 'aborted') return { kind: end.killed }
    if (end.killed === 'system' || end.error !== undefined) {
      const why = end.error?.message ?? 'it took too long'
      return { kind: 'runtime-failed', reason: `the virtual machine did not start: ${why}; ${systemLog.text()}` }
    }
    const exit = nanosExit({
      code: end.code,
      started: started !== undefined,
      qemuText: qemuLog.text(),
      keptCode: await keptExitCode(disks.job),
      log: started === undefined ? systemLog.text() : log.text(),
    })
    if ('failed' in exit) return { kind: 'runtime-failed', reason: exit.failed }
    const output = await TfsVolume.open(disks.out, OUT_LABEL, isOutFull)
    try {
      return await classify(job, nonce, exit, output, log.text())
    } finally {
      await output.close()
    }
  }
  const verdict = await judge().catch((error: unknown): Verdict => {
    // Only a guest that took over its own kernel writes such a disk.
    if (GevulotError.is(error, 'RUNTIME_IMAGE_INVALID')) return { kind: 'no-result', reason: error.message }
    throw error
  })
  const usage: RunUsage = {
    startSeconds: ((started ?? ended) - began) / 1000,
    wallSeconds: started === undefined ? 0 : (ended - started) / 1000,
    cpuSeconds,
    peakMemoryMiB: peakKiB / 1024,
    accel,
  }
  return { ...verdict, log: log.text(), usage }
}
