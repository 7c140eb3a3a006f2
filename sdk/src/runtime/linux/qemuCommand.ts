import type { Accel } from '../microvm/accel.js'
import { microvmCommand } from '../microvm/microvmCommand.js'
import type { RunLimits } from '../Runtime.js'
import type { GuestSystem } from './guestSystem.js'

/** The disks of a microVM, paths on this machine. */
export interface Disks {
  readonly program: string
  readonly job: string
  readonly out: string
}

/** The exit code of QEMU after the guest's init did all it had to: (0x10 << 1) | 1, see init.c. */
export const QEMU_DONE = 33

// What kernel and init need beside the program; the page tables and the kernel's page list grow with memory.
const SYSTEM_MIB = 96
const MiB = 2 ** 20

/** The size of an output disk: all of `/out`, and for each of at most 1024 files a header and padding. */
export function outputDiskBytes(limits: RunLimits): number {
  return limits.outputMiB * MiB + 2 * MiB
}

/** The command line of a microVM that boots the distribution's kernel and our init. */
export function qemuCommand(
  system: GuestSystem,
  disks: Disks,
  limits: RunLimits,
  accel: Accel,
): { command: string; args: string[] } {
  return microvmCommand({
    kernel: system.kernel,
    files: { initramfs: system.initramfs },
    disks: {
      program: { path: disks.program, writable: false },
      job: { path: disks.job, writable: false },
      out: { path: disks.out, writable: true },
    },
    cores: limits.cores,
    memoryMiB: limits.memoryMiB + limits.outputMiB + SYSTEM_MIB + Math.ceil(limits.memoryMiB / 32),
    seconds: limits.seconds,
    fileBytes: outputDiskBytes(limits),
    accel,
    machine: 'rtc=on',
    args: ['-initrd', '/vm/initramfs', '-append', kernelCommandLine(accel)],
  })
}

function kernelCommandLine(accel: Accel): string {
  return [
    'console=ttyS0 quiet loglevel=1 panic=-1 reboot=t mitigations=off',
    // Nothing that these set up is used; each costs boot time.
    'apparmor=0 audit=0 cryptomgr.notests random.trust_cpu=on',
    // Without these two, calibration against the emulated timer hangs on a busy host.
    ...(accel === 'tcg' ? ['tsc_early_khz=2600000 no_timer_check'] : []),
  ].join(' ')
}
