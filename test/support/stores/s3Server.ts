import { createRequire } from 'node:module'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { addUploads, type UploadServer } from './s3Uploads.js'

/** The package has no types of its own. */
interface S3rver extends UploadServer {
  readonly httpServer: Server
  run(): Promise<AddressInfo>
  close(): Promise<void>
}
type S3rverClass = new (options: {
  readonly address: string
  readonly port: number
  readonly silent: boolean
  readonly directory: string
  readonly vhostBuckets: boolean
  readonly configureBuckets: readonly { readonly name: string }[]
}) => S3rver

/** What the server's signatures are checked with: it knows this one account. */
export const S3_CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/**
 * A server that speaks S3 and checks signatures, on this machine, with one bucket, `content`.
 * @param pageParts How many parts of an upload one page of a list has.
 */
export async function startS3Server(
  directory: string,
  pageParts = 1_000,
): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const require = createRequire(import.meta.url)
  const S3rver = require('@20minutes/s3rver') as S3rverClass
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, vhostBuckets: false },
    ...{ directory, configureBuckets: [{ name: 'content' }] },
  })
  addUploads(server, pageParts)
  const { port } = await server.run()
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = server.close()
      server.httpServer.closeAllConnections()
      await closed
    },
  }
}
