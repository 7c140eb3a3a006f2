import { pickFields } from './pickFields.js'
import { WORKER_FIELDS } from './WorkerConfig.js'

/** What every daemon needs that runs programs: where, with how much, and where their content is. */
export const RUN_FIELDS = {
  ...pickFields(WORKER_FIELDS, 'runtime', 'accel', 'nanosKernel', 'nanosKernelSha256'),
  ...pickFields(WORKER_FIELDS, 'runs', 'cores', 'memoryMiB', 'outputMiB', 'gpus', 'logKiB'),
  ...pickFields(WORKER_FIELDS, 'contentDirectories', 'contentUrls', 'ipfsGateways', 's3AccessKeyId', 's3SecretFile'),
  ...pickFields(WORKER_FIELDS, 'privateContent', 'maxContentMiB', 'cacheMiB'),
}
