import type { PlaceOptions } from '../../content/index.js'
import { workerError } from '../../errors/codes/worker.js'
import { readPrivateFile } from '../../readPrivateFile.js'
import { Secret } from './Secret.js'
import type { WorkerConfig } from './WorkerConfig.js'

/**
 * What content stores need beside their names: gateways, and the key of S3 stores from its file.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function placesOf(
  config: Pick<WorkerConfig, 'ipfsGateways' | 's3AccessKeyId' | 's3SecretFile'>,
): Promise<PlaceOptions> {
  const { ipfsGateways, s3AccessKeyId: accessKeyId, s3SecretFile } = config
  if ((accessKeyId === '') !== (s3SecretFile === ''))
    throw workerError(
      'WORKER_CONFIG_INVALID',
      `${accessKeyId === '' ? 's3AccessKeyId (GEVULOT_S3_ACCESS_KEY_ID)' : 's3SecretFile (GEVULOT_S3_SECRET_FILE)'} is missing, and ${accessKeyId === '' ? 's3SecretFile' : 's3AccessKeyId'} is given: set both, for example "s3AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "s3SecretFile": "/etc/gevulot/s3-secret"`,
    )
  if (accessKeyId === '') return { ipfsGateways }
  const secret = await readPrivateFile(s3SecretFile, 's3SecretFile (GEVULOT_S3_SECRET_FILE)', (why, cause) =>
    workerError('WORKER_CONFIG_INVALID', why, { cause }),
  )
  return { ipfsGateways, s3: { credentials: { accessKeyId, secretAccessKey: new Secret(secret) } } }
}
