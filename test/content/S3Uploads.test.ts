import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { digestOf, hexOf, S3Store, type S3StoreOptions } from '../../sdk/src/content/index.js'
import { S3Bucket } from '../../sdk/src/content/s3/S3Bucket.js'
import { S3Uploads, type S3Upload } from '../../sdk/src/content/s3/S3Uploads.js'
import { rejected } from '../support/rejected.js'
import { S3_CREDENTIALS, startS3Server } from '../support/stores/s3Server.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const MiB = 2 ** 20
const PART = 5 * MiB
const limit = { maxBytes: 64 * MiB }
type Fate = 'pass' | 'refuse' | 'forbid' | 'lack' | 'hold'
const URI = 's3://content/up loads'

describe('content: uploads to S3', () => {
  const directory = useTemporaryDirectory()
  let s3: Awaited<ReturnType<typeof startS3Server>>
  /** A network in front of the server that can fail. */
  let proxy: Server
  let meddle: (request: string) => Fate | Promise<Fate> = () => 'pass'
  let requests: string[] = []

  before(async () => {
    s3 = await startS3Server(join(directory(), 's3'), 2)
    const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
      const { method = '', url = '', headers } = incoming
      requests.push(`${method} ${url}`)
      const fate = await meddle(`${method} ${url}`)
      if (fate === 'hold') return void incoming.resume()
      const status = { refuse: 503, forbid: 403, lack: 501, pass: 0 }[fate]
      if (status > 0) return void incoming.resume().on('end', () => outgoing.writeHead(status).end())
      const onward = httpRequest(`${s3.endpoint}${url}`, { method, headers, agent: false }, (found) => {
        outgoing.writeHead(found.statusCode ?? 500, found.headers)
        found.pipe(outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      incoming.on('close', () => incoming.complete || onward.destroy())
      incoming.pipe(onward)
    }
    proxy = createServer((incoming, outgoing) => void answer(incoming, outgoing))
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  })
  beforeEach(() => {
    requests = []
    meddle = () => 'pass'
  })
  afterEach(async () => {
    meddle = () => 'pass'
    for (const upload of await left()) await uploads().abort(upload)
  })
  after(async () => {
    proxy.closeAllConnections()
    proxy.close()
    await s3.stop()
  })

  const options = (): S3StoreOptions => ({
    ...{ uri: URI, endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
    ...{ credentials: S3_CREDENTIALS, retryDelayMs: 1, attempts: 2, partBytes: PART },
  })
  const open = (own: Partial<S3StoreOptions> = {}): S3Store => new S3Store({ ...options(), ...own })
  const bucket = (): S3Bucket => new S3Bucket(options())
  const uploads = (): S3Uploads => new S3Uploads(bucket(), { attempts: 1, retryDelayMs: 1 })
  const left = async (): Promise<readonly S3Upload[]> => (await uploads().list('', undefined)) ?? []
  /** Numbers of the parts that were sent. */
  const sent = (): number[] =>
    requests
      .flatMap((request) => (/^PUT .*partNumber=(\d+)/.exec(request)?.[1] ?? []) as string[])
      .map(Number)
      .sort((a, b) => a - b)
  /** Waits until the server has so many parts of the one upload. */
  const has = async (count: number): Promise<void> => {
    for (;;) {
      const [upload] = await left()
      if (upload !== undefined && ((await uploads().parts(upload, undefined))?.size ?? 0) >= count) return
      await sleep(50)
    }
  }
  const isThere = async (bytes: Buffer): Promise<void> =>
    void expect(Buffer.from(await open().get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
  const part = (uploadId: string, number: number, bytes: Uint8Array, key: string): Promise<unknown> =>
    bucket().text({ method: 'PUT', key, query: { partNumber: String(number), uploadId }, body: Uint8Array.from(bytes) })

  it('go on after the process was killed, with the parts that are missing', async function () {
    this.timeout(60_000)
    const bytes = randomBytes(5 * PART + 5)
    const path = join(directory(), 'large')
    writeFileSync(path, bytes)
    meddle = (request) => (/partNumber=[3-6]/.test(request) ? 'hold' : 'pass')
    const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, '../support/stores/putProcess.ts')], { stdio: ['pipe', 'ignore', 'inherit'] }) // prettier-ignore
    child.stdin.end(JSON.stringify({ ...options(), path }))
    const ended = once(child, 'exit')
    await has(2)
    child.kill('SIGKILL')
    await ended
    expect(await open().has(digestOf(bytes))).to.equal(false)
    requests = []
    meddle = () => 'pass'
    await open().put({ path })
    expect(sent()).to.deep.equal([3, 4, 5, 6])
    await isThere(bytes)
    expect(await left()).to.deep.equal([])
  })

  it('go on after a failure, and after they were told to stop', async () => {
    const bytes = randomBytes(4 * PART)
    meddle = async (request): Promise<Fate> => {
      if (!request.includes('partNumber=4')) return 'pass'
      await has(3)
      return 'refuse'
    }
    await rejected(open().put(bytes), 'CONTENT_UNAVAILABLE')
    const stop = new AbortController()
    meddle = (request) => (request.includes('partNumber=4') ? 'hold' : 'pass')
    requests = []
    const reason = new Error('enough')
    const stopped = open().put(bytes, { signal: stop.signal }).catch((error: unknown) => error) // prettier-ignore
    while (!sent().includes(4)) await sleep(5)
    expect(sent()).to.deep.equal([4])
    stop.abort(reason)
    expect(await stopped).to.equal(reason)
    meddle = () => 'pass'
    requests = []
    const told: number[] = []
    await open().put(bytes, { onProgress: ({ stored }) => told.push(stored) })
    expect(sent()).to.deep.equal([4])
    // The parts that were there count too.
    expect(told).to.deep.equal([PART, 2 * PART, 3 * PART, 4 * PART])
    await isThere(bytes)
  })

  it('take no part that is not theirs: other bytes, other sizes', async () => {
    const bytes = randomBytes(3 * PART)
    const key = hexOf(digestOf(bytes))
    const damaged = await uploads().begin(key, undefined)
    await part(damaged.uploadId, 1, bytes.subarray(0, PART), key)
    await part(damaged.uploadId, 2, randomBytes(PART), key)
    requests = []
    await open().put(bytes)
    expect(sent()).to.deep.equal([2, 3])
    await isThere(bytes)
    await open().remove(digestOf(bytes))
    // Of other sizes, by somebody whose parts are larger, it is left alone, and given up when the content is there.
    const larger = await uploads().begin(key, undefined)
    await part(larger.uploadId, 1, bytes.subarray(0, 2 * PART), key)
    requests = []
    await open().put(bytes)
    expect(sent()).to.deep.equal([1, 2, 3])
    await isThere(bytes)
    expect(await left()).to.deep.equal([])
  })

  it('that the server does not put together are given up, and begun again', async () => {
    const bytes = randomBytes(2 * PART)
    const key = hexOf(digestOf(bytes))
    const { uploadId } = await uploads().begin(key, undefined)
    await part(uploadId, 1, bytes.subarray(0, PART), key)
    // A part changes between the list and the end, by somebody else's hand: the tag is another one then.
    let isChanged = false
    meddle = async (request): Promise<Fate> => {
      if (isChanged || !request.startsWith('POST') || !request.includes(uploadId)) return 'pass'
      isChanged = true
      await part(uploadId, 1, randomBytes(PART), key)
      return 'pass'
    }
    await open().put(bytes)
    expect(isChanged).to.equal(true)
    await isThere(bytes)
    expect(await left()).to.deep.equal([])
  })

  it('of several processes at once end well, whoever ends first', async () => {
    const bytes = randomBytes(3 * PART)
    await Promise.all([open(), open(), open({ partBytes: 2 * PART })].map((store) => store.put(bytes)))
    await isThere(bytes)
    // Somebody gives an upload up that is under way.
    const other = randomBytes(3 * PART)
    let isGone = false
    meddle = async (request): Promise<Fate> => {
      if (isGone || !request.includes('partNumber=3')) return 'pass'
      isGone = true
      for (const upload of await left()) await uploads().abort(upload)
      return 'pass'
    }
    await open().put(other)
    expect(isGone).to.equal(true)
    await isThere(other)
  })

  it('that nobody can find again leave nothing behind', async () => {
    for (const fate of ['lack', 'forbid', 'refuse'] as const) {
      const bytes = randomBytes(2 * PART)
      meddle = (request) => (request.startsWith('GET') ? fate : request.includes('partNumber=2') ? 'refuse' : 'pass')
      await rejected(open().put(bytes), 'CONTENT_UNAVAILABLE')
      // A server that says that it will not tell is asked once.
      if (fate !== 'refuse') expect(requests.filter((request) => request.startsWith('GET'))).to.have.length(1)
      meddle = (request) => (request.startsWith('GET') ? fate : 'pass')
      await open().put(bytes)
      meddle = () => 'pass'
      expect(await left(), fate).to.deep.equal([])
      await isThere(bytes)
      requests = []
    }
  })

  it('of long ago that nobody went on with are given up, here and nowhere else', async () => {
    const [old, foreign] = [hexOf(digestOf('old')), 'not-content']
    await uploads().begin(old, undefined)
    await uploads().begin(foreign, undefined)
    const elsewhere = new S3Uploads(new S3Bucket({ ...options(), uri: 's3://content/other' }), { attempts: 1, retryDelayMs: 1 }) // prettier-ignore
    const others = await elsewhere.begin(old, undefined)
    await open().put(randomBytes(2 * PART))
    expect((await left()).map(({ key }) => key)).to.have.members([old, foreign])
    await open({ keepUploadsMs: -60_000 }).put(randomBytes(2 * PART))
    expect((await left()).map(({ key }) => key)).to.deep.equal([foreign])
    expect((await elsewhere.list('', undefined))?.map(({ uploadId }) => uploadId)).to.deep.equal([others.uploadId])
    await elsewhere.abort(others)
  })

  it('whose file changes meanwhile fail, and leave nothing', async () => {
    const bytes = randomBytes(3 * PART)
    const path = join(directory(), 'changing')
    writeFileSync(path, bytes)
    meddle = (request) => {
      if (request.startsWith('POST')) writeFileSync(path, bytes.subarray(0, PART))
      return 'pass'
    }
    await rejected(open().put({ path }), 'CONTENT_FILE_INVALID')
    expect(await left()).to.deep.equal([])
  })
})
