import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GevulotError } from '../../errors/GevulotError.js'
import { classify } from '../classify.js'
import { GuardedProcess } from '../GuardedProcess.js'
import { LogTail } from '../LogTail.js'
import { chooseAccel, type Accel } from '../microvm/accel.js'
import { SYSTEM_SECONDS } from '../microvm/microvmCommand.js'
import { prepareJob } from '../prepareJob.js'
import { probe, probeCommand } from '../probe.js'
import type { RunJob, Runtime, RuntimeCheck } from '../Runtime.js'
import type { RunOutcome, RunUsage, Verdict } from '../RunOutcome.js'
import { makeDisks } from './disks.js'
import { guestSystem, type GuestSystem } from './guestSystem.js'
import { OutputDisk, type GuestReport } from './OutputDisk.js'
import { QEMU_DONE, qemuCommand, type Disks } from './qemuCommand.js'
import { SerialLog } from './SerialLog.js'

/** Options of {@link LinuxRuntime}. */
export interface LinuxOptions {
  /** Where the compiled init is kept; the package cache is a good place. */
  readonly cacheDirectory: string
  /** Where jobs keep their disks while they run; default the system's temporary directory. */
  readonly workDirectory?: string
  /** `auto` (default) takes KVM where a test program runs under it, emulation elsewhere; the run's usage says which. */
  readonly accel?: Accel | 'auto'
}

/**
 * A microVM for each run: QEMU, the distribution's cloud kernel, a tiny init of our own, three disks and no network.
 * The isolation for programs of strangers. Source: design section 8.
 */
export class LinuxRuntime implements Runtime {
  readonly name = 'linux'
  readonly #cacheDirectory: string
  readonly #workDirectory: string
  readonly #wanted: Accel | 'auto'
  #system: Promise<GuestSystem> | undefined
  #accel: Promise<Accel> | undefined

  constructor(options: LinuxOptions) {
    this.#cacheDirectory = options.cacheDirectory
    this.#workDirectory = options.workDirectory ?? tmpdir()
    this.#wanted = options.accel ?? 'auto'
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
      const { release } = await this.#bootable()
      const outcome = await probe(this, this.#workDirectory)
      if (outcome.kind === 'valid') {
        return { available: true, details: { qemu, bubblewrap, kernel: release, accel: outcome.usage.accel ?? '' } }
      }
      return {
        available: false,
        reason: `a test program did not run (${outcome.kind}): ${outcome.log.trim()}`,
        fix: 'Read the log above; try `accel: tcg`.',
      }
    } catch (error) {
      if (!GevulotError.is(error, 'RUNTIME_UNAVAILABLE')) throw error
      const fix = error.details?.['fix']
      return { available: false, reason: error.message, fix: typeof fix === 'string' ? fix : error.hint }
    }
  }

  async run(job: RunJob): Promise<RunOutcome> {
    this.#accel ??= chooseAccel(this.#wanted, () =>
      probe({ run: (probing) => this.#runWith(probing, 'kvm') }, this.#workDirectory, 5),
    )
    return this.#runWith(job, await this.#accel)
  }

  async #runWith(job: RunJob, accel: Accel): Promise<RunOutcome> {
    const began = performance.now()
    const prepared = await prepareJob(job)
    const system = await this.#bootable()
    const directory = await mkdtemp(join(this.#workDirectory, 'gevulot-job-'))
    try {
      const token = randomBytes(16).toString('hex')
      const disks = await makeDisks(directory, job.package, prepared, token, job.limits)
      return await runMachine({ job, nonce: prepared.nonce, system, disks, token, accel, began })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  #bootable(): Promise<GuestSystem> {
    // A failure is not kept: the operator may install what is missing.
    this.#system ??= guestSystem(this.#cacheDirectory).catch((error: unknown) => {
      this.#system = undefined
      throw error
    })
    return this.#system
  }
}

/** Everything a machine needs for one run. */
interface MachineRun {
  readonly job: RunJob
  readonly nonce: string
  readonly system: GuestSystem
  readonly disks: Disks
  readonly token: string
  readonly accel: Accel
  /** When the run was asked for, as `performance.now()`. */
  readonly began: number
}

async function runMachine({ job, nonce, system, disks, token, accel, began }: MachineRun): Promise<RunOutcome> {
  let started: number | undefined
  let stopped: number | undefined
  let report: GuestReport | undefined
  const systemLog = new LogTail(16_384)
  const log = new LogTail(job.limits.logBytes, job.onLog)
  const serial = new SerialLog(token, {
    system: (bytes) => systemLog.write(bytes),
    program: (bytes) => log.write(bytes),
    start: () => {
      started = performance.now()
      pending.abort()
      pending = machine.deadline(job.limits.seconds * 1000, 'timeout')
    },
    end: () => {
      stopped = performance.now()
      pending.abort()
      pending = machine.deadline(SYSTEM_SECONDS * 1000, 'system')
    },
  })
  const machine = new GuardedProcess<'timeout' | 'system'>({
    ...qemuCommand(system, disks, job.limits, accel),
    onOutput: (bytes) => serial.write(bytes),
    ...(job.signal && { signal: job.signal }),
  })
  let pending = machine.deadline(SYSTEM_SECONDS * 1000, 'system')
  const end = await machine.ended
  const ended = performance.now()
  serial.close()

  const judge = async (): Promise<Verdict> => {
    if (end.killed === 'timeout' || end.killed === 'aborted') return { kind: end.killed }
    if (end.code !== QEMU_DONE) {
      const when = started === undefined ? 'did not start' : 'stopped before the program ended'
      const why = end.error?.message ?? (end.killed === undefined ? `QEMU exited with ${end.code}` : 'it took too long')
      return {
        kind: 'runtime-failed',
        reason: `the virtual machine ${when}: ${why}; ${systemLog.text().trim().slice(-2000)}`,
      }
    }
    const output = await OutputDisk.open(disks.out, token)
    try {
      report = output.report
      const { status, memoryExhausted } = report
      const signal = status & 0x7f
      const exit = signal === 0 ? { code: (status >> 8) & 0xff, memoryExhausted } : { signal, memoryExhausted }
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
    wallSeconds: started === undefined ? 0 : ((stopped ?? ended) - started) / 1000,
    accel,
    ...(report && { cpuSeconds: report.cpuSeconds, peakMemoryMiB: report.peakMemoryMiB }),
  }
  return { ...verdict, log: log.text(), usage }
}
