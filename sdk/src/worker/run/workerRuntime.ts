import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { workerError } from '../../errors/codes/worker.js'
import { createRuntime, type Runtime } from '../../runtime/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { removeLeftovers } from '../removeLeftovers.js'

/**
 * The runtime of a configuration, whose data directory its caller has locked: jobs keep their files and disks there, which may be larger than the
 * memory that a system's temporary directory is made of. A worker runs programs of strangers, so a kernel that is no package of the distribution
 * has to be one that the operator chose: `nanos` wants its digest.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function workerRuntime(
  config: Pick<WorkerConfig, 'runtime' | 'dataDirectory' | 'accel' | 'nanosKernel' | 'nanosKernelSha256'>,
): Promise<Runtime> {
  if (config.runtime === 'nanos' && config.nanosKernelSha256 === '') {
    throw workerError(
      'WORKER_CONFIG_INVALID',
      'the configuration is wrong: nanosKernelSha256 (GEVULOT_NANOS_KERNEL_SHA256) is missing, and runtime is nanos',
    )
  }
  await removeLeftovers(config.dataDirectory)
  const workDirectory = join(config.dataDirectory, 'work')
  await mkdir(workDirectory, { recursive: true, mode: 0o700 })
  return createRuntime(config.runtime, {
    workDirectory,
    cacheDirectory: join(config.dataDirectory, 'runtime'),
    accel: config.accel,
    ...(config.nanosKernel !== '' && { nanosKernel: config.nanosKernel }),
    ...(config.nanosKernelSha256 !== '' && { nanosKernelSha256: config.nanosKernelSha256 }),
  })
}

/**
 * Tries a runtime for real before any work is taken.
 * @throws GevulotError WORKER_RUNTIME_UNAVAILABLE; WORKER_RUNTIME_LATE where a test program only took too long
 */
export async function assertRuntime(runtime: Runtime, log: Logger): Promise<void> {
  const check = await runtime.check()
  if (check.available) {
    log.info('runtime checked', { stage: 'start', runtime: runtime.name, ...check.details })
    if (check.warning !== undefined) log.warn(check.warning, { stage: 'start', runtime: runtime.name })
    return
  }
  const code = check.isLate === true ? 'WORKER_RUNTIME_LATE' : 'WORKER_RUNTIME_UNAVAILABLE'
  throw workerError(code, `the runtime ${runtime.name} does not work: ${check.reason}`, {
    details: { reason: check.reason, fix: check.fix },
  })
}
