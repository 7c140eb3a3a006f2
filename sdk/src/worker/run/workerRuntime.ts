import { join } from 'node:path'
import { workerError } from '../../errors/codes/worker.js'
import { createRuntime, type Runtime } from '../../runtime/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'

/**
 * The runtime of a configuration. A worker runs programs of strangers, so a kernel that is no package of the distribution
 * has to be one that the operator chose: `nanos` wants its digest.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export function workerRuntime(
  config: Pick<WorkerConfig, 'runtime' | 'dataDirectory' | 'accel' | 'nanosKernel' | 'nanosKernelSha256'>,
): Runtime {
  if (config.runtime === 'nanos' && config.nanosKernelSha256 === '') {
    throw workerError(
      'WORKER_CONFIG_INVALID',
      'the configuration is wrong: nanosKernelSha256 (GEVULOT_NANOS_KERNEL_SHA256) is missing, and runtime is nanos',
    )
  }
  return createRuntime(config.runtime, {
    cacheDirectory: join(config.dataDirectory, 'runtime'),
    accel: config.accel,
    ...(config.nanosKernel !== '' && { nanosKernel: config.nanosKernel }),
    ...(config.nanosKernelSha256 !== '' && { nanosKernelSha256: config.nanosKernelSha256 }),
  })
}

/**
 * Tries a runtime for real before any work is taken.
 * @throws GevulotError WORKER_RUNTIME_UNAVAILABLE
 */
export async function assertRuntime(runtime: Runtime, log: Logger): Promise<void> {
  const check = await runtime.check()
  if (check.available) {
    log.info('runtime checked', { stage: 'start', runtime: runtime.name, ...check.details })
    return
  }
  throw workerError('WORKER_RUNTIME_UNAVAILABLE', `the runtime ${runtime.name} does not work: ${check.reason}`, {
    details: { reason: check.reason, fix: check.fix },
  })
}
