import { open, readFile } from 'node:fs/promises'
import { errnoOf } from '../../content/writeAtomically.js'
import type { RunOutcome } from '../RunOutcome.js'

/** How a guest's processor is run: emulated, or by the hardware. */
export type Accel = 'tcg' | 'kvm'

const KVM = '/dev/kvm'

/**
 * Some machines have a /dev/kvm that boots no ordinary guest, and QEMU does not even end then; so only a test program
 * that runs is proof, and where the processor has no such feature nothing is tried.
 * @param tryKvm Runs the test program under KVM, with a limit of its own.
 */
export async function chooseAccel(wanted: Accel | 'auto', tryKvm: () => Promise<RunOutcome>): Promise<Accel> {
  if (wanted !== 'auto') return wanted
  if (!(await canVirtualise()) || (await openError(KVM)) !== undefined) return 'tcg'
  return (await tryKvm()).kind === 'valid' ? 'kvm' : 'tcg'
}

/** Whether the processor shows that it can run virtual machines. */
export async function canVirtualise(): Promise<boolean> {
  return /\b(svm|vmx)\b/.test(await readFile('/proc/cpuinfo', 'latin1').catch(() => ''))
}

/**
 * Why KVM is not used although the machine has it, and what to do: a silent fall back costs several times the time. Undefined where it can be opened, or
 * is not there.
 */
export async function closedKvm(device: string = KVM): Promise<string | undefined> {
  const code = await openError(device)
  if (code === undefined || code === 'ENOENT') return undefined
  return `${device} is there and cannot be opened (${code}), so virtual machines are emulated, several times slower: let the user of this process into the group kvm; in a unit of systemd before 252 take ProtectClock= out, in a container hand out the device`
}

/** Opened, not asked for: a control group closes devices whose mode lets everybody in. */
async function openError(device: string): Promise<string | undefined> {
  try {
    await (await open(device, 'r+')).close()
    return undefined
  } catch (error) {
    return errnoOf(error) ?? 'unknown'
  }
}
