import type { S3Credentials } from '../../content/s3/S3Bucket.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { readPrivateFile } from '../../readPrivateFile.js'
import { Secret } from '../../worker/config/Secret.js'
import type { AztecConfig } from './AztecConfig.js'

/**
 * The key of S3 stores in a configuration, from its file.
 * @throws GevulotError AZTEC_CONFIG_INVALID
 */
export async function s3Of({ proofStore, s3AccessKeyId, s3SecretFile }: AztecConfig): Promise<{
  readonly credentials?: S3Credentials
}> {
  if (!proofStore.startsWith('s3://') && s3AccessKeyId === '') return {}
  if (s3AccessKeyId === '' || s3SecretFile === '') {
    throw aztecError('AZTEC_CONFIG_INVALID', 's3AccessKeyId and s3SecretFile are needed for an S3 store')
  }
  const secret = await readPrivateFile(s3SecretFile, 's3SecretFile (GEVULOT_AZTEC_S3_SECRET_FILE)', (why, cause) =>
    aztecError('AZTEC_CONFIG_INVALID', why, { cause }),
  )
  return { credentials: { accessKeyId: s3AccessKeyId, secretAccessKey: new Secret(secret) } }
}
