import type { RunLimits } from '../Runtime.js'
import type { GuestSystem } from './guestSystem.js'

/** How the guest's processor is run: emulated, or by the hardware. */
export type Accel = 'tcg' | 'kvm'

/** The disks of a microVM, paths on this machine. */
export interface Disks {
  readonly program: string
  readonly job: string
  readonly out: string
}

/** The exit code of QEMU after the guest's init did all it had to: (0x10 << 1) | 1, see init.c. */
export const QEMU_DONE = 33

/** Seconds that booting and packing the outputs may take, each; emulation on a busy machine is slow. */
export const SYSTEM_SECONDS = 60

// What kernel and init need beside the program; the page tables and the kernel's page list grow with memory.
const SYSTEM_MIB = 96
const MiB = 2 ** 20

/** The size of an output disk: all of `/out`, and for each of at most 1024 files a header and padding. */
export function outputDiskBytes(limits: RunLimits): number {
  return limits.outputMiB * MiB + 2 * MiB
}

/**
 * The command line of a microVM: QEMU without any device but a serial port, three disks and an exit port, with its own
 * system call filter, in a sandbox that holds `/usr`, the kernel and the disks.
 */
export function qemuCommand(
  system: GuestSystem,
  disks: Disks,
  limits: RunLimits,
  accel: Accel,
): { command: string; args: string[] } {
  const memoryMiB = limits.memoryMiB + limits.outputMiB + SYSTEM_MIB + Math.ceil(limits.memoryMiB / 32)
  const jail = [
    `--cpu=${Math.ceil(limits.seconds * limits.cores) + 3 * SYSTEM_SECONDS}`,
    `--fsize=${outputDiskBytes(limits)}`,
    '--core=0',
    '--nofile=256',
    'bwrap', '--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv',
    '--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64',
    '--proc', '/proc', '--dev', '/dev', ...(accel === 'kvm' ? ['--dev-bind', '/dev/kvm', '/dev/kvm'] : []),
    '--ro-bind', system.kernel, '/vm/kernel', '--ro-bind', system.initramfs, '/vm/initramfs',
    '--ro-bind', disks.program, '/vm/program', '--ro-bind', disks.job, '/vm/job', '--bind', disks.out, '/vm/out',
    '--setenv', 'PATH', '/usr/local/bin:/usr/bin', '--chdir', '/vm', '--',
  ] // prettier-ignore
  const machine = [
    'qemu-system-x86_64',
    '-machine', 'microvm,rtc=on', '-global', 'virtio-mmio.force-legacy=false',
    ...(accel === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi,tb-size=64', '-cpu', 'max']),
    '-smp', String(limits.cores), '-m', `${memoryMiB}M`,
    '-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot',
    '-device', 'isa-debug-exit',
    '-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    '-kernel', '/vm/kernel', '-initrd', '/vm/initramfs', '-append', kernelCommandLine(accel),
    ...disk('program', 'readonly=on'), ...disk('job', 'readonly=on'), ...disk('out', 'cache=unsafe'),
  ] // prettier-ignore
  return { command: 'prlimit', args: [...jail, ...machine] }
}

function disk(name: keyof Disks, mode: string): string[] {
  return [
    ...['-drive', `if=none,id=${name},format=raw,file=/vm/${name},${mode}`],
    ...['-device', `virtio-blk-device,drive=${name},serial=${name}`],
  ]
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
