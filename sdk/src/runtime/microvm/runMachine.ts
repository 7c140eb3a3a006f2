import { systemClock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { classify } from '../classify.js'
import type { VmDisks } from '../disks/vmDisks.js'
import { GuardedProcess } from '../GuardedProcess.js'
import { LogTail } from '../LogTail.js'
import { treeUsage } from '../processTree.js'
import type { RunJob } from '../Runtime.js'
import type { RunOutcome, RunUsage, Verdict } from '../RunOutcome.js'
import type { Accel } from './accel.js'
import type { BootableGuest, GuestEnd } from './Guest.js'
import { microvmCommand, SYSTEM_SECONDS } from './microvmCommand.js'

const MONITOR_MS = 20
const SYSTEM_LOG_BYTES = 16_384

/** Everything a machine needs for one run. */
export interface MachineRun {
  readonly job: RunJob
  readonly nonce: string
  readonly guest: BootableGuest
  readonly disks: VmDisks
  readonly token: string
  readonly accel: Accel
  /** When the run was asked for, as `performance.now()`. */
  readonly began: number
}

/** Boots a microVM, runs the job's program in it to its end, and judges what it left. */
export async function runMachine({ job, nonce, guest, disks, token, accel, began }: MachineRun): Promise<RunOutcome> {
  let started: number | undefined
  let stopped: number | undefined
  let peakKiB = 0
  let cpuSeconds = 0
  let measured: GuestEnd['usage']
  const systemLog = new LogTail(SYSTEM_LOG_BYTES)
  const qemuLog = new LogTail(SYSTEM_LOG_BYTES)
  const log = new LogTail(job.limits.logBytes, job.onLog)
  const serial = guest.serial(token, {
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
    ...microvmCommand(guest.machine(disks, job.limits, accel)),
    onOutput: (bytes) => serial.write(bytes),
    onError: (bytes) => qemuLog.write(bytes),
    ...(job.signal && { signal: job.signal }),
  })
  let pending = machine.deadline(SYSTEM_SECONDS * 1000, 'system')
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
      const when = started === undefined ? 'did not start' : 'did not end'
      const why = end.error?.message ?? 'it took too long'
      return { kind: 'runtime-failed', reason: `the virtual machine ${when}: ${why}; ${systemLog.text()}` }
    }
    const found = await guest.judge({
      code: end.code,
      started: started !== undefined,
      qemuText: qemuLog.text(),
      log: started === undefined ? systemLog.text() : log.text(),
      disks,
      token,
    })
    if ('failed' in found) return { kind: 'runtime-failed', reason: found.failed }
    measured = found.usage
    return classify(job, nonce, found.exit, found.output, log.text()).finally(() => found.output.close())
  }
  const verdict = await judge().catch((error: unknown): Verdict => {
    // Only a guest that took over its own kernel writes such a disk.
    if (GevulotError.is(error, 'RUNTIME_IMAGE_INVALID')) return { kind: 'no-result', reason: error.message }
    throw error
  })
  const usage: RunUsage = {
    startSeconds: ((started ?? ended) - began) / 1000,
    wallSeconds: started === undefined ? 0 : ((stopped ?? ended) - started) / 1000,
    cpuSeconds,
    peakMemoryMiB: peakKiB / 1024,
    ...measured,
    accel,
  }
  return { ...verdict, log: log.text(), usage }
}
