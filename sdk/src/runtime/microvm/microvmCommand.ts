import type { Gpu } from '../gpu/findGpus.js'
import type { Accel } from './accel.js'

/** Seconds that booting and what follows the program's end may take, each; emulation on a busy machine is slow. */
export const SYSTEM_SECONDS = 60

/** A disk of a microVM, a file on this machine. */
export interface MicrovmDisk {
  readonly path: string
  readonly writable: boolean
}

/** What a microVM needs. */
export interface MicrovmSpec {
  readonly kernel: string
  /** Files beside the kernel, by their name below `/vm`. */
  readonly files?: Readonly<Record<string, string>>
  /** By name; the guest sees the name as the disk's serial number. */
  readonly disks: Readonly<Record<string, MicrovmDisk>>
  readonly cores: number
  readonly memoryMiB: number
  /** Wall-clock seconds that the program may take. */
  readonly seconds: number
  /** The most bytes of any file that QEMU writes. */
  readonly fileBytes: number
  readonly accel: Accel
  /** Options of `-machine microvm`. */
  readonly machine: string
  /**
   * Cards of this machine that the guest gets for itself. VFIO lends them on a PCI bus, which a microVM does not have: such a machine is a
   * `q35`, and starts from its first disk.
   */
  readonly gpus?: readonly Gpu[]
  /** Further arguments of QEMU. */
  readonly args?: readonly string[]
}

/**
 * The command line of a microVM: QEMU without any device but a serial port, disks and an exit port, with its own system
 * call filter and its events on descriptor 3, in a sandbox that holds `/usr`, the kernel and the disks, under limits of its own. All of it stays in one
 * process group, without a terminal: a sandbox in a session of its own would survive if it were killed while it is set up.
 */
export function microvmCommand(spec: MicrovmSpec): { command: string; args: string[] } {
  const kvm = spec.accel === 'kvm'
  const disks = Object.entries(spec.disks)
  const { gpus } = spec
  const disk = gpus === undefined ? 'virtio-blk-device' : 'virtio-blk-pci'
  const jail = [
    `--cpu=${Math.ceil(spec.seconds * spec.cores) + 3 * SYSTEM_SECONDS}`,
    `--fsize=${spec.fileBytes}`,
    '--core=0',
    '--nofile=256',
    'bwrap', '--unshare-all', '--die-with-parent', '--cap-drop', 'ALL', '--clearenv',
    '--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64',
    '--proc', '/proc', '--dev', '/dev', ...(kvm ? ['--dev-bind', '/dev/kvm', '/dev/kvm'] : []), ...gpuBinds(gpus),
    '--ro-bind', spec.kernel, '/vm/kernel',
    ...Object.entries(spec.files ?? {}).flatMap(([name, path]) => ['--ro-bind', path, `/vm/${name}`]),
    ...disks.flatMap(([name, { path, writable }]) => [writable ? '--bind' : '--ro-bind', path, `/vm/${name}`]),
    '--setenv', 'PATH', '/usr/local/bin:/usr/bin', '--chdir', '/vm', '--',
  ] // prettier-ignore
  const machine = [
    // Our own deadlines are shorter; this one ends a machine whose worker crashed while the sandbox was set up.
    'timeout', '--foreground', '--signal=KILL', String(Math.ceil(spec.seconds) + 3 * SYSTEM_SECONDS),
    'qemu-system-x86_64',
    ...(gpus === undefined
      ? ['-machine', `microvm,${spec.machine}`, '-global', 'virtio-mmio.force-legacy=false', '-kernel', '/vm/kernel']
      : ['-machine', 'q35']),
    ...(kvm ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi,tb-size=64', '-cpu', 'max']),
    '-smp', String(spec.cores), '-m', `${spec.memoryMiB}M`,
    '-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot',
    '-device', 'isa-debug-exit',
    // To us alone it tells which disk failed: see DiskErrors.ts.
    '-chardev', 'socket,id=events,fd=3', '-mon', 'chardev=events,mode=control',
    '-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    ...(spec.args ?? []),
    ...(gpus ?? []).flatMap(({ address }) => ['-device', `vfio-pci,host=${address},rombar=0`]),
    // Names are ours, so none has a comma; the format is never guessed from what a guest wrote. Left to itself QEMU would stop the guest, and wait, when
    // there is no room for what it writes.
    ...disks.flatMap(([name, { writable }], index) => [
      '-drive', `if=none,id=${name},format=raw,file=/vm/${name},${writable ? 'cache=unsafe' : 'readonly=on'}`,
      '-device', `${disk},drive=${name},serial=${name},werror=report,rerror=report${index === 0 && gpus !== undefined ? ',bootindex=1' : ''}`,
    ]),
  ] // prettier-ignore
  return { command: 'prlimit', args: [...jail, ...machine] }
}

/** The cards' groups, and where QEMU reads which group a card is in. */
function gpuBinds(gpus: readonly Gpu[] | undefined): string[] {
  if (gpus === undefined || gpus.length === 0) return []
  const groups = [...new Set(gpus.map(({ group }) => `/dev/vfio/${group}`))]
  return [
    ...['/dev/vfio/vfio', ...groups].flatMap((path) => ['--dev-bind', path, path]),
    ...['/sys/bus/pci', '/sys/devices', '/sys/kernel/iommu_groups'].flatMap((path) => ['--ro-bind', path, path]),
  ]
}
