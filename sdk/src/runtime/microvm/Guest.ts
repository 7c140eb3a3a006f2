import type { BootFiles, VmDisks } from '../disks/vmDisks.js'
import type { TfsVolume } from '../disks/tfs/TfsVolume.js'
import type { ProgramExit } from '../classify.js'
import type { RunLimits, RuntimeName } from '../Runtime.js'
import type { RunUsage } from '../RunOutcome.js'
import type { Accel } from './accel.js'
import type { MicrovmSpec } from './microvmCommand.js'

/** What a guest system is to a microVM; everything that two of them have in common is MicrovmRuntime's. */
export interface Guest {
  readonly name: RuntimeName
  /**
   * Finds what boots.
   * @throws GevulotError RUNTIME_UNAVAILABLE, with what helps
   */
  find(): Promise<BootableGuest>
}

/** A guest system that is on this machine. */
export interface BootableGuest {
  /** For people: what it is. */
  readonly details: Readonly<Record<string, string>>
  machine(disks: VmDisks, limits: RunLimits, accel: Accel): MicrovmSpec
  /**
   * What a machine with graphics cards starts from; not every guest can have one.
   * @throws GevulotError RUNTIME_UNAVAILABLE, with what helps
   */
  gpuFiles?(): Promise<BootFiles>
  /** Cuts the serial port's bytes into the system's and the program's. */
  serial(token: string, on: SerialSinks): SerialDivider
  /** Reads how the program of a machine that ended by itself ended, and what it left. Close the output afterwards. */
  judge(end: MachineEnd): Promise<GuestEnd | { readonly failed: string }>
}

/** Where the parts of what comes from the serial port go. */
export interface SerialSinks {
  readonly system: (bytes: Uint8Array) => void
  readonly program: (bytes: Uint8Array) => void
  /** The program starts. */
  readonly start: () => void
  /** The program has ended; not every guest says so. */
  readonly end: () => void
}

/** Takes a serial port's bytes in. */
export interface SerialDivider {
  write(bytes: Uint8Array): void
  /** Nothing more will come. */
  close(): void
}

/** What is known of a virtual machine that ended by itself. */
export interface MachineEnd {
  /** QEMU's exit code; null after a signal. */
  readonly code: number | null
  /** Whether the system came as far as the program. */
  readonly started: boolean
  /** What QEMU itself said. */
  readonly qemuText: string
  /** What came from the serial port: the program's output, and before that what the system said. */
  readonly log: string
  readonly disks: VmDisks
  readonly token: string
}

/** How a program ended. */
export interface GuestEnd {
  readonly exit: ProgramExit
  readonly output: TfsVolume
  /** What the guest measured better than we can from outside. */
  readonly usage?: Pick<RunUsage, 'cpuSeconds' | 'peakMemoryMiB'>
}
