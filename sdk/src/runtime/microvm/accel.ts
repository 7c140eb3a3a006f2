import { access, constants, readFile } from 'node:fs/promises'
import type { RunOutcome } from '../RunOutcome.js'

/** How a guest's processor is run: emulated, or by the hardware. */
export type Accel = 'tcg' | 'kvm'

/**
 * Some machines have a /dev/kvm that boots no ordinary guest, and QEMU does not even end then; so only a test program
 * that runs is proof, and where the processor has no such feature nothing is tried.
 * @param tryKvm Runs the test program under KVM, with a limit of its own.
 */
export async function chooseAccel(wanted: Accel | 'auto', tryKvm: () => Promise<RunOutcome>): Promise<Accel> {
  if (wanted !== 'auto') return wanted
  const flags = await readFile('/proc/cpuinfo', 'latin1').catch(() => '')
  if (!/\b(svm|vmx)\b/.test(flags)) return 'tcg'
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!usable) return 'tcg'
  return (await tryKvm()).kind === 'valid' ? 'kvm' : 'tcg'
}
