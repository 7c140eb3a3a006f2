import type { Clock } from '../../clock.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { readBody } from '../../readBody.js'
import type { FileStore } from './filedExchange.js'
import { signS3, type S3Credentials } from './signS3.js'

/** Options of {@link s3Files}. */
export interface S3FilesOptions {
  /** `s3://bucket/path`, as in Aztec's PROVER_PROOF_STORE. */
  readonly uri: string
  readonly credentials: S3Credentials
  readonly clock: Clock
  /** A server that speaks S3, addressed by path; none: Amazon's, addressed by host. */
  readonly endpoint?: string
  /** By default `auto` with an endpoint, as Aztec has it, and us-east-1 without. */
  readonly region?: string
  /** Milliseconds for one request; default 60 000. */
  readonly timeoutMs?: number
}

const MAX_BYTES = 256 * 2 ** 20

/**
 * Aztec's `s3://` store: a bucket that producer and agents share.
 * @throws GevulotError AZTEC_CONFIG_INVALID
 */
export function s3Files(options: S3FilesOptions): FileStore {
  const [, bucket, path] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?#]*))?$/.exec(options.uri) ?? []
  if (bucket === undefined) throw aztecError('AZTEC_CONFIG_INVALID', `not an S3 store: ${options.uri.slice(0, 200)}`)
  const prefix = (path ?? '').replace(/^\/+|\/+$/g, '')
  const keyed = (key: string): string => (prefix === '' ? key : `${prefix}/${key}`)
  const { credentials, clock, endpoint, timeoutMs = 60_000 } = options
  const region = options.region ?? (endpoint === undefined ? 'us-east-1' : 'auto')
  const base =
    endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com/` : `${slashed(endpoint)}${bucket}/`

  const send = (method: 'GET' | 'PUT', key: string, body: Uint8Array | undefined, signal: AbortSignal | undefined) => {
    const url = new URL(keyed(key).split('/').map(encodeURIComponent).join('/'), base)
    const timeout = AbortSignal.timeout(timeoutMs)
    return fetch(url, {
      method,
      headers: signS3({ method, url, region, now: clock.now(), ...(body !== undefined && { body }) }, credentials),
      ...(body !== undefined && { body: Buffer.from(body) }),
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
  }
  return {
    base: `s3://${bucket}/${prefix === '' ? '' : `${prefix}/`}`,
    async read(key, signal) {
      const response = await send('GET', key, undefined, signal)
      if (response.status === 404) {
        await response.body?.cancel()
        return undefined
      }
      await expectOk(response, 'reading')
      return readBody(response, MAX_BYTES, (why) => aztecError('AZTEC_INPUTS_UNAVAILABLE', why))
    },
    async write(key, bytes, signal) {
      const response = await send('PUT', key, bytes, signal)
      await expectOk(response, 'writing')
      await response.body?.cancel()
    },
  }
}

async function expectOk(response: Response, doing: string): Promise<void> {
  if (response.ok) return
  await response.body?.cancel()
  throw aztecError('AZTEC_INPUTS_UNAVAILABLE', `the S3 server answered ${response.status} at ${doing}`)
}

function slashed(endpoint: string): string {
  return endpoint.endsWith('/') ? endpoint : `${endpoint}/`
}
