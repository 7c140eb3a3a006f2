import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { digestOf, hexOf, openStrangersPlace, S3Store, type S3StoreOptions } from '../../sdk/src/content/index.js'
import { S3Bucket } from '../../sdk/src/content/s3/S3Bucket.js'
import { rejected } from '../support/rejected.js'
import { S3_CREDENTIALS, startS3Server } from '../support/stores/s3Server.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const MiB = 2 ** 20
const limit = { maxBytes: 64 * MiB }

describe('content: S3Store', () => {
  const directory = useTemporaryDirectory()
  let s3: Awaited<ReturnType<typeof startS3Server>>
  /** A network in front of the server that can fail. */
  let proxy: Server
  let meddle: (method: string, url: string, range?: string) => 'pass' | 'refuse' | 'break' | 'retag' = () => 'pass'
  let requests: string[] = []
  let signed = 0
  /** What the network says is an object's tag. */
  let tag: string | undefined

  before(async () => {
    s3 = await startS3Server(join(directory(), 's3'))
    proxy = createServer((incoming, outgoing) => {
      const { method = '', url = '', headers } = incoming
      requests.push(`${method} ${url}`)
      if (headers.authorization !== undefined) signed++
      const fate = meddle(method, url, headers.range)
      if (fate === 'refuse') return void incoming.resume().on('end', () => outgoing.writeHead(503).end())
      const onward = httpRequest(`${s3.endpoint}${url}`, { method, headers }, (answer) => {
        const etag = fate === 'retag' ? '"another"' : method === 'HEAD' ? tag : undefined
        const tagged = etag === undefined ? answer.headers : { ...answer.headers, etag }
        outgoing.writeHead(answer.statusCode ?? 500, tagged)
        if (fate === 'pass' || fate === 'retag') return answer.pipe(outgoing)
        return answer.once('data', (bytes: Buffer) => outgoing.write(bytes, () => outgoing.destroy()))
      })
      // A caller that was told to stop leaves its request half sent; the server ends it when it stops.
      onward.on('error', () => outgoing.destroy())
      return incoming.pipe(onward)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  })
  beforeEach(() => {
    requests = []
    signed = 0
    tag = undefined
    meddle = () => 'pass'
  })
  after(async () => {
    proxy.closeAllConnections()
    proxy.close()
    await s3.stop()
  })

  const host = (): string => `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  /** A proxied request keeps the host that was signed. */
  const open = (options: Partial<S3StoreOptions> = {}): S3Store =>
    new S3Store({
      ...{ uri: 's3://content/proofs', endpoint: `http://${host()}`, credentials: S3_CREDENTIALS, retryDelayMs: 1 },
      ...options,
    })

  it('holds bytes, files and streams under their digest, below its path', async () => {
    const store = open()
    const bytes = randomBytes(1000)
    const path = join(directory(), 'file')
    writeFileSync(path, bytes)
    const stream = (async function* () {
      yield bytes.subarray(0, 10)
      yield bytes.subarray(10)
    })()
    expect(await store.has(digestOf(bytes))).to.equal(false)
    await rejected(store.get(digestOf(bytes), limit), 'CONTENT_NOT_FOUND')
    for (const content of [bytes, { path }, stream]) {
      expect(await store.put(content)).to.deep.equal({ digest: digestOf(bytes), size: 1000 })
    }
    expect(requests.filter((request) => request.startsWith('PUT'))).to.deep.equal([
      `PUT /content/proofs/${hexOf(digestOf(bytes))}`,
    ])
    expect(await store.has(digestOf(bytes))).to.equal(true)
    expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
    const copy = join(directory(), 'copy')
    expect(await store.save(digestOf(bytes), copy, limit)).to.equal(1000)
    expect(readFileSync(copy).equals(bytes)).to.equal(true)
    await rejected(store.get(digestOf(bytes), { maxBytes: 999 }), 'CONTENT_TOO_LARGE')
    await rejected(store.put(bytes, { maxBytes: 999 }), 'CONTENT_TOO_LARGE')
    // The empty content has a digest too.
    await store.put(new Uint8Array())
    expect(await store.get(digestOf(new Uint8Array()), limit)).to.have.length(0)
  })

  it('sends what is large in parts, and each part again that was lost', async () => {
    const bytes = randomBytes(17 * MiB + 5)
    const lost = new Set<string>()
    meddle = (method, url) => {
      const part = /partNumber=\d+/.exec(url)?.[0]
      if (method !== 'PUT' || part === undefined || lost.has(part)) return 'pass'
      lost.add(part)
      return 'refuse'
    }
    const store = open({ partBytes: 5 * MiB })
    await store.put(bytes)
    expect(lost.size).to.equal(4)
    expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
  })

  it('removes what it holds; what is not there is no matter, what it may not is', async () => {
    const store = open()
    const { digest } = await store.put(randomBytes(10))
    await store.remove(digest)
    expect(await store.has(digest)).to.equal(false)
    await store.remove(digest)
    const credentials = { ...S3_CREDENTIALS, secretAccessKey: 'wrong' }
    await rejected(open({ credentials }).remove(digest), 'CONTENT_ACCESS_DENIED')
  })

  it('a damaged object of the same size is replaced, and a good one is not sent again, in parts too', async () => {
    for (const size of [1000, 11 * MiB]) {
      const bytes = randomBytes(size)
      const store = open({ partBytes: 5 * MiB, uri: 's3://content/damaged' })
      await store.put(bytes)
      const sent = (): number => requests.filter((request) => request.startsWith('PUT')).length
      requests = []
      await store.put(bytes)
      expect(sent()).to.equal(0)
      // Amazon's tag of an object of parts: the MD5 of theirs, and how many; this server's is the MD5 of the whole.
      const md5 = (data: Uint8Array): Buffer => createHash('md5').update(data).digest()
      const parts = [0, 5, 10].map((at) => md5(bytes.subarray(at * MiB, (at + 5) * MiB)))
      if (size > 5 * MiB) tag = `"${md5(Buffer.concat(parts)).toString('hex')}-3"`
      await store.put(bytes)
      expect(sent()).to.equal(0)
      tag = undefined
      // Somebody who may write in the bucket overwrites it: the same name, the same size, other bytes.
      const key = hexOf(digestOf(bytes))
      const bucket = new S3Bucket({
        uri: 's3://content/damaged',
        endpoint: `http://${host()}`,
        credentials: S3_CREDENTIALS,
      })
      await bucket.send({ method: 'PUT', key, body: Uint8Array.from(randomBytes(size)) })
      await rejected(store.get(digestOf(bytes), limit), 'CONTENT_DIGEST_MISMATCH')
      await store.put(bytes)
      expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
    }
  })

  it('an upload that fails leaves no object and no temporary file', async () => {
    // In the machine's own place for temporary files those of others come and go.
    const [shared, own] = [process.env['TMPDIR'], join(directory(), 'temporary')]
    mkdirSync(own)
    process.env['TMPDIR'] = own
    const bytes = randomBytes(11 * MiB)
    meddle = (method, url) => (method === 'PUT' && url.includes('partNumber=2') ? 'refuse' : 'pass')
    const stream = (async function* () {
      yield bytes
    })()
    const store = open({ partBytes: 5 * MiB, attempts: 2 })
    try {
      await rejected(store.put(stream), 'CONTENT_UNAVAILABLE')
    } finally {
      if (shared === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = shared
    }
    expect(await store.has(digestOf(bytes))).to.equal(false)
    expect(readdirSync(own)).to.deep.equal([])
    // Told to stop, it says why it stopped.
    meddle = () => 'pass'
    const reason = new Error('enough')
    const stopped = store.put(bytes, { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error)
    expect(await stopped).to.equal(reason)
  })

  it('a download that breaks goes on where it broke', async () => {
    const bytes = randomBytes(3 * MiB)
    const store = open()
    await store.put(bytes)
    let broken = 0
    meddle = (method) => (method === 'GET' && broken++ < 2 ? 'break' : 'pass')
    expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
    expect(broken).to.be.greaterThan(2)
  })

  it('a large object comes in ranges, several at a time, and each goes on where it broke', async () => {
    const bytes = randomBytes(5 * MiB + 5)
    await open().put(bytes)
    const asked: string[] = []
    let broken = 0
    meddle = (method, _, range) => {
      if (method !== 'GET') return 'pass'
      asked.push(range ?? 'all')
      return ++broken === 2 || broken === 3 ? 'break' : 'pass'
    }
    const store = open({ rangeBytes: MiB })
    expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
    expect(asked).to.have.length(8)
    expect(asked.filter((range) => /^bytes=\d+-\d+$/.test(range))).to.have.length(8)
    const starts = new Set(asked.map((range) => Number(/(\d+)-/.exec(range)?.[1])))
    for (const start of [0, 1, 2, 3, 4, 5]) expect(starts.has(start * MiB), `range ${start}`).to.equal(true)
    // Somebody replaces the object meanwhile: its tag says so, and it is read again.
    let other = 0
    meddle = (method) => (method === 'GET' && ++other === 3 ? 'retag' : 'pass')
    expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
    expect(other).to.be.greaterThan(3)
  })

  it('what the server holds under a wrong name is not taken', async () => {
    const [right, wrong] = [randomBytes(100), randomBytes(100)]
    const { digest } = await open().put(right)
    // A server that lies: it hands over another object.
    meddle = () => 'pass'
    await open({ uri: 's3://content/liars' }).put(wrong)
    const liar = createServer((incoming, outgoing) => {
      void incoming.resume()
      outgoing.end(wrong)
    })
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`
    await rejected(open({ endpoint }).get(digest, limit), 'CONTENT_DIGEST_MISMATCH')
    liar.closeAllConnections()
    liar.close()
  })

  it('an answer that breaks off is the server’s, and what was asked is asked again', async () => {
    let puts = 0
    const breaks = createServer((incoming, outgoing) => {
      incoming.resume()
      if (incoming.method !== 'PUT') return void outgoing.writeHead(404).end()
      if (puts++ > 0) return void outgoing.end()
      outgoing.writeHead(200, { 'content-length': 100 }).write('<', () => outgoing.destroy())
    })
    await new Promise<void>((resolve) => breaks.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(breaks.address() as AddressInfo).port}`
    try {
      expect(await open({ endpoint }).put(Buffer.from('content'))).to.include({ size: 7 })
      expect(puts).to.equal(2)
      puts = 0
      await rejected(open({ endpoint, attempts: 1 }).put(Buffer.from('content')), 'CONTENT_UNAVAILABLE')
    } finally {
      breaks.closeAllConnections()
      breaks.close()
    }
  })

  it('a wrong key is refused with an error that says so, and never tried again', async () => {
    const credentials = { ...S3_CREDENTIALS, secretAccessKey: 'wrong' }
    const error = await rejected(open({ credentials }).put(randomBytes(10)), 'CONTENT_ACCESS_DENIED')
    expect(error.message + JSON.stringify(error.details)).not.to.include('wrong')
    expect(requests.filter((request) => request.startsWith('PUT'))).to.have.length(1)
  })

  it('a signed request follows no redirect: the signature is for one server', async () => {
    let asked = 0
    const thief = createServer((_, outgoing) => {
      asked++
      outgoing.end()
    })
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(thief.address() as AddressInfo).port}/`
    const turncoat = createServer((incoming, outgoing) => {
      void incoming.resume()
      outgoing.writeHead(307, { location }).end()
    })
    await new Promise<void>((resolve) => turncoat.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(turncoat.address() as AddressInfo).port}`
    const store = open({ endpoint, attempts: 1 })
    await rejected(store.get(digestOf('x'), limit), 'CONTENT_UNAVAILABLE')
    await rejected(store.put(Buffer.from('x')), 'CONTENT_UNAVAILABLE')
    expect(asked).to.equal(0)
    for (const server of [thief, turncoat]) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('refuses names that are no places', () => {
    const names = ['s3://', 's3://UPPER/x', 's3://a/../..?x=1', 's3://content?region=eu west', 's3://content?endpoint=file:///etc'] // prettier-ignore
    for (const uri of names) {
      expect(() => new S3Store({ uri }), uri)
        .to.throw()
        .with.property('code', 'CONTENT_PLACE_INVALID')
    }
    expect(new S3Store({ uri: 's3://content?region=eu-central-1' }).name).to.equal('s3://content/')
  })

  it("a stranger's bucket is read without our key, and leads to no address of its choice", async () => {
    for (const query of [`?endpoint=http://${host()}`, '?region=eu', '?']) {
      expect(openStrangersPlace(`s3://content/proofs${query}`, { isPrivateAllowed: true }), query).to.equal(undefined)
    }
    expect(openStrangersPlace('s3://content/proofs', { isPrivateAllowed: false })?.name).to.equal(
      's3://content/proofs/',
    )
    const { digest } = await open().put(Buffer.from('shown to everybody'))
    signed = 0
    const stranger = new S3Store({ uri: 's3://content/proofs', endpoint: `http://${host()}` })
    expect(await stranger.get(digest, limit)).to.have.length(18)
    expect(signed).to.equal(0)
    const guarded = new S3Store({ uri: 's3://content/proofs', endpoint: `http://${host()}`, addresses: 'public' })
    await rejected(guarded.get(digest, limit), 'CONTENT_ADDRESS_REFUSED')
  })
})
