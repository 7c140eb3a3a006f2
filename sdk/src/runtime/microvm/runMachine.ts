import { systemClock } from '../../clock.js'
import { contentError } from '../../errors/codes/content.js'
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
import { DiskErrors, OPEN_EVENTS, type DiskFailure } from './DiskErrors.js'
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

/**
 * Boots a microVM, runs the job's program in it to its end, and judges what it left.
 * @throws GevulotError CONTENT_DISK_FULL: nothing that the program says after a write was lost can be believed
 */
export async function runMachine({ job, nonce, guest, disks, token, accel, began }: MachineRun): Promise<RunOutcome> {
  let started: number | undefined
  let stopped: number | undefined
  let peakKiB = 0
  let cpuSeconds = 0
  let measured: GuestEnd['usage']
  let failure: DiskFailure | undefined
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
  const events = new DiskErrors((found) => {
    failure ??= found
    machine.kill('disk')
  })
  const machine = new GuardedProcess<'timeout' | 'system' | 'disk'>({
    ...microvmCommand(guest.machine(disks, job.limits, accel)),
    onOutput: (bytes) => serial.write(bytes),
    onError: (bytes) => qemuLog.write(bytes),
    onReport: (bytes) => events.write(bytes),
    ...(job.signal && { signal: job.signal }),
  })
  machine.tell(OPEN_EVENTS)
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
    if (end.killed === 'aborted') return { kind: 'aborted' }
    // Also where the machine was faster than we: whatever it left is not what the program wrote.
    if (failure !== undefined) {
      const { disk, isFull, reason } = failure
      if (isFull) throw noSpace(disks, disk)
      return { kind: 'runtime-failed', reason: `the disk ${disk} of the virtual machine failed on this one: ${reason}` }
    }
    if (end.killed === 'timeout') return { kind: 'timeout' }
    if (end.killed === 'system' || end.error !== undefined) {
      const when = started === undefined ? 'did not start' : 'did not end'
      const why = end.error?.message ?? 'it took too long'
      const reason = `the virtual machine ${when}: ${why}; ${systemLog.text()}`
      return { kind: 'runtime-failed', reason, isLate: end.killed === 'system' }
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

function noSpace(disks: VmDisks, disk: string): Error {
  const path = disk === 'job' ? disks.job : disks.out
  return contentError('CONTENT_DISK_FULL', `no space left for ${path}, a disk of a virtual machine`, {
    details: { path },
  })
}
