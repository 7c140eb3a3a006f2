import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Koa's context, as far as it is used here. */
interface Context {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
  status: number
  body: unknown
  params?: Readonly<Record<string, string>>
}
type Middleware = (context: Context, next: () => Promise<void>) => Promise<void>

/** The parts of the server that this adds to. */
export interface UploadServer {
  readonly middleware: Middleware[]
  readonly store: {
    getResourcePath(bucket: string, key: string | undefined, resource: string): string
    putPart(bucket: string, uploadId: string, partNumber: string, content: unknown): Promise<unknown>
    putObjectMultipart(bucket: string, uploadId: string, parts: readonly { readonly number: number; readonly etag: string }[]): Promise<unknown> // prettier-ignore
  }
}

/**
 * What `@20minutes/s3rver` lacks of Amazon's uploads in parts, on the files that it keeps: it lists uploads and their parts, gives them up, and
 * refuses parts of an upload that is not there, or that are not as the caller says.
 * @param pageParts How many parts one page of a list has at most.
 */
export function addUploads(server: UploadServer, pageParts: number): void {
  const require = createRequire(import.meta.url)
  const S3Error = require('@20minutes/s3rver/lib/models/error') as new (code: string, message: string) => Error
  const authentication = (require('@20minutes/s3rver/lib/middleware/authentication') as () => Middleware)()
  const { store } = server
  const directoryOf = (bucket: string, uploadId = ''): string =>
    join(store.getResourcePath(bucket, undefined, 'uploads'), uploadId)
  const keyOf = (bucket: string, uploadId: string): Promise<string> =>
    readFile(join(directoryOf(bucket, uploadId), 'key'), 'utf8').catch(() => {
      throw new S3Error('NoSuchUpload', 'The specified multipart upload does not exist.')
    })

  const putPart = store.putPart.bind(store)
  store.putPart = async (bucket, uploadId, partNumber, content) => {
    await keyOf(bucket, uploadId)
    return putPart(bucket, uploadId, partNumber, content)
  }
  const putObjectMultipart = store.putObjectMultipart.bind(store)
  store.putObjectMultipart = async (bucket, uploadId, parts) => {
    await keyOf(bucket, uploadId)
    for (const { number, etag } of parts) {
      const tag = await readFile(join(directoryOf(bucket, uploadId), `${number}.md5`), 'utf8').catch(() => undefined)
      if (tag !== etag) throw new S3Error('InvalidPart', 'One or more of the specified parts could not be found.')
    }
    return putObjectMultipart(bucket, uploadId, parts)
  }

  async function uploadsOf(bucket: string, prefix: string): Promise<unknown> {
    await mkdir(directoryOf(bucket), { recursive: true })
    const uploads = await Promise.all(
      (await readdir(directoryOf(bucket))).map(async (UploadId) => {
        const path = join(directoryOf(bucket, UploadId), 'key')
        // One that has ended meanwhile has no key.
        const found = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => undefined)
        return found === undefined ? [] : [{ Key: found[0], UploadId, Initiated: found[1].mtime.toISOString() }]
      }),
    )
    const Upload = uploads
      .flat()
      .filter(({ Key }) => Key.startsWith(prefix))
      .sort((a, b) => (a.Key < b.Key ? -1 : 1))
    return { ListMultipartUploadsResult: { Bucket: bucket, Prefix: prefix, IsTruncated: false, Upload } }
  }

  async function partsOf(
    bucket: string,
    key: string,
    uploadId: string,
    marker: number,
    most: number,
  ): Promise<unknown> {
    // prettier-ignore
    await keyOf(bucket, uploadId)
    const directory = directoryOf(bucket, uploadId)
    const numbers = (await readdir(directory)).filter((name) => /^\d+\.md5$/.test(name)).map((name) => parseInt(name))
    const rest = numbers.filter((number) => number > marker).sort((a, b) => a - b)
    const page = rest.slice(0, Math.min(most, pageParts))
    const Part = await Promise.all(
      page.map(async (number) => ({
        PartNumber: number,
        ETag: `"${await readFile(join(directory, `${number}.md5`), 'utf8')}"`,
        Size: (await stat(join(directory, String(number)))).size,
      })),
    )
    const IsTruncated = page.length < rest.length
    return { ListPartsResult: { Bucket: bucket, Key: key, UploadId: uploadId, NextPartNumberMarker: page.at(-1) ?? marker, IsTruncated, Part } } // prettier-ignore
  }

  // Behind what renders answers and errors, before the server's own routes.
  server.middleware.splice(-1, 0, async (context, next) => {
    const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(context.path)) ?? []
    const { uploadId } = context.query
    const isList = context.method === 'GET' && key === '' && 'uploads' in context.query
    const isOfUpload = key !== '' && uploadId !== undefined && (context.method === 'GET' || context.method === 'DELETE')
    if (!isList && !isOfUpload) return next()
    context.params = key === '' ? { bucket } : { bucket, key }
    return authentication(context, async () => {
      if (isList) context.body = await uploadsOf(bucket, context.query['prefix'] ?? '')
      else if (context.method === 'GET') {
        const marker = Number(context.query['part-number-marker'] ?? 0)
        context.body = await partsOf(bucket, key, uploadId ?? '', marker, Number(context.query['max-parts'] ?? 1_000))
      } else {
        await keyOf(bucket, uploadId ?? '')
        // A part that is on its way may still write there.
        await rm(directoryOf(bucket, uploadId), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
        context.status = 204
      }
    })
  })
}
