import type { Accel } from '../microvm/accel.js'
import { microvmCommand } from '../microvm/microvmCommand.js'
import type { RunLimits } from '../Runtime.js'
import { outputDiskBytes, type NanosDisks } from './nanosDisks.js'

// What the kernel itself takes. Measured: a guest of 128 MiB leaves 48 to its program, one of 2048 leaves 1968.
const SYSTEM_MIB = 80

/** The command line of a microVM that boots Nanos. */
export function nanosCommand(
  kernel: string,
  disks: NanosDisks,
  limits: RunLimits,
  accel: Accel,
): { command: string; args: string[] } {
  return microvmCommand({
    kernel,
    disks: {
      // First on purpose: the kernel meets the root last then, and volumes it meets after the root it may miss. Written to by
      // the kernel alone, for its exit code.
      job: { path: disks.job, writable: true },
      program: { path: disks.program, writable: false },
      out: { path: disks.out, writable: true },
    },
    cores: limits.cores,
    memoryMiB: limits.memoryMiB + SYSTEM_MIB,
    seconds: limits.seconds,
    fileBytes: outputDiskBytes(limits),
    accel,
    machine: 'rtc=on,ioapic2=off',
  })
}
