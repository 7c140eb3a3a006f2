import { damaged } from '../disks/tfs/ByteReader.js'
import { OUT_LABEL, outputDiskBytes, type VmDisks } from '../disks/vmDisks.js'
import { numberOf, TfsVolume } from '../disks/tfs/TfsVolume.js'
import type { TfsTuple } from '../disks/tfs/format.js'
import type { Accel } from '../microvm/accel.js'
import type { BootableGuest, Guest, GuestEnd, MachineEnd, SerialDivider, SerialSinks } from '../microvm/Guest.js'
import type { MicrovmSpec } from '../microvm/microvmCommand.js'
import type { RunLimits } from '../Runtime.js'
import { guestSystem, isThere, type GuestSystem, type KernelPlaces } from './guestSystem.js'
import { LinuxSerial } from './LinuxSerial.js'

// The exit code of QEMU after init did all it had to: (0x10 << 1) | 1, see init.c.
const QEMU_DONE = 33
// What kernel and init need beside the program; the page tables and the kernel's page list grow with memory.
const SYSTEM_MIB = 112

/**
 * Linux: a kernel of the distribution and a tiny init of our own. Starts slower than Nanos but has every system call and many
 * processes. What the program writes to `/out` is in memory until it ends, beside `limits.memoryMiB`.
 */
export class LinuxGuest implements Guest {
  readonly name = 'linux'
  readonly #cacheDirectory: string
  readonly #places: KernelPlaces | undefined
  #system: Promise<GuestSystem> | undefined

  /**
   * @param cacheDirectory Where the initramfs is kept.
   * @param places Where the kernel is; default: where Debian has it.
   */
  constructor(cacheDirectory: string, places?: KernelPlaces) {
    this.#cacheDirectory = cacheDirectory
    this.#places = places
  }

  async find(): Promise<BootableGuest> {
    const known = await this.#look()
    if (await isThere(known)) return new BootableLinux(known)
    // An upgrade has removed it: a worker runs for months.
    this.#system = undefined
    return new BootableLinux(await this.#look())
  }

  #look(): Promise<GuestSystem> {
    // A failure is not kept: the operator may install what is missing.
    this.#system ??= guestSystem(this.#cacheDirectory, this.#places).catch((error: unknown) => {
      this.#system = undefined
      throw error
    })
    return this.#system
  }
}

/** The memory of a machine for a run: QEMU takes some 100 MiB more of this machine's. */
export function linuxMemoryMiB({ memoryMiB, outputMiB }: Pick<RunLimits, 'memoryMiB' | 'outputMiB'>): number {
  return memoryMiB + outputMiB + SYSTEM_MIB + Math.ceil(memoryMiB / 32)
}

class BootableLinux implements BootableGuest {
  readonly #system: GuestSystem

  constructor(system: GuestSystem) {
    this.#system = system
  }

  get details(): Record<string, string> {
    return { kernel: this.#system.release, init: this.#system.initSha256 }
  }

  machine(disks: VmDisks, limits: RunLimits, accel: Accel): MicrovmSpec {
    return {
      kernel: this.#system.kernel,
      files: { initramfs: this.#system.initramfs },
      disks: {
        program: { path: disks.program, writable: false },
        job: { path: disks.job, writable: false },
        out: { path: disks.out, writable: true },
      },
      cores: limits.cores,
      memoryMiB: linuxMemoryMiB(limits),
      seconds: limits.seconds,
      fileBytes: outputDiskBytes(limits),
      accel,
      machine: 'rtc=on',
      args: ['-initrd', '/vm/initramfs', '-append', kernelCommandLine(accel)],
    }
  }

  serial(token: string, on: SerialSinks): SerialDivider {
    return new LinuxSerial(token, on)
  }

  async judge({ code, started, qemuText, log, disks, token }: MachineEnd): Promise<GuestEnd | { failed: string }> {
    if (code !== QEMU_DONE) {
      const when = started ? 'stopped before the program ended' : 'did not start'
      const said = `${qemuText}\n${log}`.trim().slice(-2000)
      return { failed: `the virtual machine ${when}: QEMU exited with ${code ?? 'a signal'}; ${said}` }
    }
    const output = await TfsVolume.open(disks.out, OUT_LABEL, ({ root }) => readReport(root, token).full)
    const { status, memoryExhausted, cpuSeconds, peakMemoryMiB } = readReport(output.root, token)
    const signal = status & 0x7f
    const exit = signal === 0 ? { code: (status >> 8) & 0xff, memoryExhausted } : { signal, memoryExhausted }
    return { exit, output, usage: { cpuSeconds, peakMemoryMiB } }
  }
}

/** How the program ended, as init reports it. */
export interface LinuxReport {
  /** The status of wait(2): exit code in the second byte, signal in the first. */
  readonly status: number
  readonly memoryExhausted: boolean
  /** Whether `/out` had no room left. */
  readonly full: boolean
  readonly cpuSeconds: number
  readonly peakMemoryMiB: number
}

/**
 * Reads the report that init writes into the root of the output volume. A program that took over its kernel can write what
 * it likes there; an older disk, or one that init never wrote, has another token or none.
 * @throws GevulotError RUNTIME_IMAGE_INVALID
 */
export function readReport(root: TfsTuple, token: string): LinuxReport {
  const report = root.get('report')
  if (!(report instanceof Map) || report.get('token') !== token) throw damaged('it has no report of this run')
  const field = (name: string): number => numberOf(report.get(name))
  return {
    status: field('status'),
    memoryExhausted: field('oom') !== 0,
    full: field('full') !== 0,
    cpuSeconds: field('cpu') / 1e6,
    peakMemoryMiB: field('peak') / 1024,
  }
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
