import { open } from 'node:fs/promises'
import { OUT_LABEL, outputDiskBytes, type BootFiles, type VmDisks } from '../disks/vmDisks.js'
import { SECTOR } from '../disks/tfs/format.js'
import { TfsVolume, type TfsFacts } from '../disks/tfs/TfsVolume.js'
import type { Accel } from '../microvm/accel.js'
import type { BootableGuest, Guest, GuestEnd, MachineEnd, SerialDivider, SerialSinks } from '../microvm/Guest.js'
import type { MicrovmSpec } from '../microvm/microvmCommand.js'
import type { RunLimits } from '../Runtime.js'
import { nanosExit } from './nanosExit.js'
import { nanosGpuFiles } from './nanosGpu.js'
import { findNanosKernel, type NanosKernel, type NanosKernelOptions } from './nanosKernel.js'
import { NanosSerial } from './NanosSerial.js'

// What the kernel itself takes. Measured: a guest of 128 MiB leaves 48 to its program, one of 2048 leaves 1968.
const SYSTEM_MIB = 80
// A program that finds no room leaves less than the smallest piece the guest takes at a time.
const FULL_BYTES = 1.5 * 2 ** 20

/**
 * A unikernel: the program is the machine's only process, and of system calls there are only those that Nanos has (no fork,
 * no exec). Starts within a fraction of a second. Processor time and memory in the usage are those of the whole machine.
 */
export class NanosGuest implements Guest {
  readonly name = 'nanos'
  readonly #options: NanosKernelOptions

  constructor(options: NanosKernelOptions) {
    this.#options = options
  }

  async find(): Promise<BootableGuest> {
    return new BootableNanos(await findNanosKernel(this.#options))
  }
}

class BootableNanos implements BootableGuest {
  readonly #kernel: NanosKernel

  constructor(kernel: NanosKernel) {
    this.#kernel = kernel
  }

  get details(): Record<string, string> {
    return { kernel: this.#kernel.path, sha256: this.#kernel.sha256 }
  }

  machine(disks: VmDisks, limits: RunLimits, accel: Accel): MicrovmSpec {
    return nanosMachine(this.#kernel.path, disks, limits, accel)
  }

  gpuFiles(): Promise<BootFiles> {
    return nanosGpuFiles(this.#kernel.path)
  }

  serial(_token: string, on: SerialSinks): SerialDivider {
    return new NanosSerial(on)
  }

  async judge(end: MachineEnd): Promise<GuestEnd | { readonly failed: string }> {
    const exit = nanosExit({ ...end, keptCode: await keptExitCode(end.disks) })
    return 'failed' in exit ? exit : { exit, output: await TfsVolume.open(end.disks.out, OUT_LABEL, isOutFull) }
  }
}

/** The machine that boots Nanos. */
export function nanosMachine(kernel: string, disks: VmDisks, limits: RunLimits, accel: Accel): MicrovmSpec {
  return {
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
    ...(disks.bootable && { gpus: limits.gpus ?? [] }),
  }
}

/** Whether a program that wanted to write more found no room. */
export function isOutFull({ sectors, usedSectors }: Pick<TfsFacts, 'sectors' | 'usedSectors'>): boolean {
  return (sectors - usedSectors) * SECTOR < FULL_BYTES
}

/**
 * The exit code that the kernel keeps on its disk, undefined after exit code 0. The exit port tells only seven bits of it:
 * to it 128 is 0.
 */
export async function keptExitCode({ job, kernelLogAt }: VmDisks): Promise<number | undefined> {
  const disk = await open(job, 'r')
  try {
    const dump = Buffer.alloc(16)
    await disk.read(dump, 0, dump.length, kernelLogAt)
    return dump.toString('latin1', 0, 4) === 'KLOG' ? dump.readInt32LE(12) & 0xff : undefined
  } finally {
    await disk.close()
  }
}
