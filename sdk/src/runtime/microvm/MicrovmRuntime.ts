import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtimeError } from '../../errors/codes/runtime.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { makeVmDisks, type BootFiles } from '../disks/vmDisks.js'
import { prepareJob } from '../prepareJob.js'
import { isLate, probe, probeCommand } from '../probe.js'
import type { RunJob, Runtime, RuntimeCheck, RuntimeName } from '../Runtime.js'
import type { RunOutcome } from '../RunOutcome.js'
import { canVirtualise, chooseAccel, closedKvm, type Accel } from './accel.js'
import type { BootableGuest, Guest } from './Guest.js'
import { runMachine } from './runMachine.js'

/** Options of {@link MicrovmRuntime}. */
export interface MicrovmOptions {
  /** Where jobs keep their disks while they run; default the system's temporary directory. */
  readonly workDirectory?: string
  /** `auto` (default) takes KVM where a test program runs under it, emulation elsewhere; the run's usage says which. */
  readonly accel?: Accel | 'auto'
}

/**
 * A virtual machine for each run: QEMU, a guest system, three disks and no network. The isolation for programs of
 * strangers. Source: design section 8.
 */
export class MicrovmRuntime implements Runtime {
  readonly name: RuntimeName
  readonly #guest: Guest
  readonly #workDirectory: string
  readonly #wanted: Accel | 'auto'
  #accel: Promise<Accel> | undefined

  constructor(guest: Guest, options: MicrovmOptions = {}) {
    this.name = guest.name
    this.#guest = guest
    this.#workDirectory = options.workDirectory ?? tmpdir()
    this.#wanted = options.accel ?? 'auto'
  }

  async check(): Promise<RuntimeCheck> {
    const qemu = await probeCommand('qemu-system-x86_64', ['--version'])
    if (qemu === undefined)
      return { available: false, reason: 'QEMU is not installed', fix: 'apt-get install qemu-system-x86' }
    const bubblewrap = await probeCommand('bwrap', ['--version'])
    if (bubblewrap === undefined) {
      return {
        available: false,
        reason: 'bubblewrap, which jails QEMU, is not installed',
        fix: 'apt-get install bubblewrap',
      }
    }
    try {
      const { details } = await this.#guest.find()
      const outcome = await probe(this, this.#workDirectory)
      if (outcome.kind === 'valid') {
        const { accel = '' } = outcome.usage
        const isWorse = this.#wanted === 'auto' && accel === 'tcg' && (await canVirtualise())
        const warning = isWorse ? await closedKvm() : undefined
        return { available: true, details: { qemu, bubblewrap, ...details, accel }, ...(warning && { warning }) }
      }
      const why = outcome.kind === 'runtime-failed' ? outcome.reason : outcome.log.trim()
      return {
        available: false,
        reason: `a test program did not run (${outcome.kind}): ${why}`,
        fix: 'Read the log above; try `accel: tcg`.',
        isLate: isLate(outcome),
      }
    } catch (error) {
      if (!GevulotError.is(error, 'RUNTIME_UNAVAILABLE')) throw error
      const fix = error.details?.['fix']
      return { available: false, reason: error.message, fix: typeof fix === 'string' ? fix : error.hint }
    }
  }

  async run(job: RunJob): Promise<RunOutcome> {
    this.#accel ??= chooseAccel(this.#wanted, () =>
      probe({ run: (probing) => this.#runWith(probing, 'kvm') }, this.#workDirectory, 5),
    )
    return this.#runWith(job, await this.#accel)
  }

  async #runWith(job: RunJob, accel: Accel): Promise<RunOutcome> {
    const began = performance.now()
    const prepared = await prepareJob(job)
    const guest: BootableGuest = await this.#guest.find()
    const boot = (job.limits.gpus ?? []).length === 0 ? undefined : await this.#gpuFiles(guest, accel)
    const directory = await mkdtemp(join(this.#workDirectory, 'gevulot-job-'))
    try {
      const token = randomBytes(16).toString('hex')
      const disks = await makeVmDisks(directory, job.package, prepared, job.limits, token, boot)
      return await runMachine({ job, nonce: prepared.nonce, guest, disks, token, accel, began })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async #gpuFiles(guest: BootableGuest, accel: Accel): Promise<BootFiles> {
    const files = await guest.gpuFiles?.()
    if (files === undefined) throw noGpu(`the runtime ${this.name} lends no graphics cards`, 'Use the runtime nanos.')
    if (accel === 'kvm') return files
    throw noGpu(
      'a graphics card cannot be lent to an emulated processor',
      'Use a machine with KVM; see `gevulot doctor`.',
    )
  }
}

function noGpu(reason: string, fix: string): Error {
  return runtimeError('RUNTIME_UNAVAILABLE', reason, { details: { fix } })
}
