import type { ProgramExit } from '../classify.js'
import type { MachineEnd } from '../microvm/Guest.js'

/** What is known of a virtual machine with Nanos that ended by itself. */
export interface NanosEnd extends Pick<MachineEnd, 'code' | 'started' | 'qemuText' | 'log'> {
  /** The exit code the kernel kept, if it kept one. */
  readonly keptCode: number | undefined
}

const LAST_PLAIN_SIGNAL = 31

/**
 * Reads the end of a Nanos machine. QEMU's code is `guest code · 2 + 1` in eight bits, and 1 also when QEMU itself failed;
 * the kernel keeps every code but 0 in full. Where the two contradict each other nothing of the run is believed.
 * @returns The program's end, or why the machine failed.
 */
export function nanosExit(end: NanosEnd): ProgramExit | { readonly failed: string } {
  const { code, keptCode, log } = end
  if (!end.started) return { failed: `the virtual machine did not start: ${said(end, code)}` }
  if (code === null || (code & 1) === 0) return { failed: `the virtual machine broke down: ${said(end, code)}` }
  // A signal that ended QEMU comes as 128 + n; a guest's own code of that number would have been kept.
  if (end.keptCode === undefined && code > 128 && code <= 128 + LAST_PLAIN_SIGNAL)
    return { failed: `the virtual machine broke down: QEMU was ended by signal ${code - 128}; ${said(end, code)}` }
  const portCode = code >> 1
  const exitCode = keptCode ?? portCode
  if ((exitCode & 0x7f) !== portCode) return { failed: `the exit codes ${portCode} and ${exitCode} contradict` }
  // A clean end leaves no trace on the kernel's disk, so QEMU must not have had anything to say either.
  if (exitCode === 0 && end.qemuText.trim() !== '')
    return { failed: `the virtual machine broke down: ${said(end, code)}` }
  // The package's file is there, so the kernel had not met its volume in time.
  if (exitCode === 127 && /unable to open program file/.test(log)) return { failed: `a disk was not ready: ${log}` }
  const memoryExhausted = exitCode !== 0 && /result:out of memory/.test(log)
  const signal = [...log.matchAll(/^\*\*\* signal (\d{1,2}) received by tid /gm)].at(-1)?.[1]
  return signal !== undefined && Number(signal) === exitCode
    ? { signal: exitCode, memoryExhausted }
    : { code: exitCode, memoryExhausted }
}

function said({ qemuText, log }: NanosEnd, code: number | null): string {
  return `QEMU exited with ${code ?? 'a signal'}; ${`${qemuText}\n${log}`.trim().slice(-2000)}`
}
