import type { Clock } from '../../clock.js'
import { S3Bucket, type S3BucketOptions, type S3Credentials } from '../../content/s3/S3Bucket.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { readBody } from '../../readBody.js'
import type { FileStore } from './filedExchange.js'

/** Options of {@link s3Files}: of a place as in Aztec's PROVER_PROOF_STORE, whose `?endpoint=` names another server than Amazon's. */
export interface S3FilesOptions extends S3BucketOptions {
  readonly credentials: S3Credentials
  readonly clock: Clock
}

const MAX_BYTES = 256 * 2 ** 20

/**
 * Aztec's `s3://` store: a bucket that producer and agents share.
 * @throws GevulotError AZTEC_CONFIG_INVALID
 */
export function s3Files(options: S3FilesOptions): FileStore {
  const bucket = opened(options)
  return {
    base: bucket.uri,
    async read(key, signal) {
      try {
        const response = await bucket.send({ method: 'GET', key, signal })
        return await readBody(response, MAX_BYTES, (why) => aztecError('AZTEC_INPUTS_UNAVAILABLE', why))
      } catch (error) {
        if (GevulotError.is(error, 'CONTENT_NOT_FOUND')) return undefined
        throw error
      }
    },
    async write(key, bytes, signal) {
      const response = await bucket.send({ method: 'PUT', key, body: Uint8Array.from(bytes), signal })
      await response.body?.cancel()
    },
  }
}

function opened(options: S3FilesOptions): S3Bucket {
  try {
    return new S3Bucket(options)
  } catch (cause) {
    throw aztecError('AZTEC_CONFIG_INVALID', `not an S3 store: ${options.uri.slice(0, 200)}`, { cause })
  }
}
