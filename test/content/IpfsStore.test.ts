import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  cidOf,
  digestOf,
  hexOf,
  IpfsStore,
  KuboStore,
  MultiStore,
  openPlace,
  openStrangersPlace,
  type Digest,
} from '../../sdk/src/content/index.js'
import { rejected } from '../support/rejected.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'

const MiB = 2 ** 20
const limit = { maxBytes: 64 * MiB }

describe('content: IPFS', () => {
  let node: IpfsNode

  beforeEach(async () => {
    node = await IpfsNode.start()
  })
  afterEach(() => node.stop())

  const kubo = (): KuboStore => new KuboStore(node.url, { retryDelayMs: 1, attempts: 3 })
  const gateway = (uri?: string): IpfsStore =>
    new IpfsStore({ gateways: [node.url], ...(uri !== undefined && { uri }), retryDelayMs: 1, attempts: 3 })
  const adds = (): number => node.requests.filter((request) => request === 'POST /api/v0/add').length

  it('a node keeps content of any size under its digest, and its gateway serves it by a URI', async () => {
    const store = kubo()
    const small = randomBytes(1000)
    const large = randomBytes(5 * MiB + 3)
    const digests: Digest[] = []
    for (const bytes of [small, large, new Uint8Array()]) {
      expect(await store.has(digestOf(bytes))).to.equal(false)
      await rejected(store.get(digestOf(bytes), limit), 'CONTENT_NOT_FOUND')
      digests.push((await store.put(bytes)).digest)
      expect(await store.has(digestOf(bytes))).to.equal(true)
      expect(Buffer.from(await store.get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
    }
    await store.put(large)
    expect(adds()).to.equal(3)
    const uri = await store.uriOf(digests)
    expect(uri).to.match(/^ipfs:\/\/bafybei[a-z2-7]{52}$/)
    // The same content has the same URI, whoever asks and however often.
    expect(await store.uriOf(digests)).to.equal(uri)
    for (const bytes of [small, large]) {
      expect(Buffer.from(await gateway(uri).get(digestOf(bytes), limit)).equals(bytes)).to.equal(true)
      expect(await gateway(uri).has(digestOf(bytes))).to.equal(true)
    }
    await rejected(gateway(uri).get(digestOf('other'), limit), 'CONTENT_NOT_FOUND')
    expect(await new MultiStore([gateway(uri), store]).uriOf(digests)).to.equal(uri)
  })

  it('one block is found by the CID that follows from its digest, without a URI', async () => {
    const { digest } = await kubo().put(randomBytes(MiB))
    expect(await gateway().get(digest, limit)).to.have.length(MiB)
    expect(node.requests.at(-1)).to.equal(`GET /ipfs/${cidOf(digest)}`)
    // What is larger has no such CID: it is not there, and nothing else is handed over for it.
    const larger = await kubo().put(randomBytes(MiB + 1))
    await rejected(gateway().get(larger.digest, limit), 'CONTENT_NOT_FOUND')
  })

  it('goes on where a gateway, or a node, broke off', async () => {
    const store = kubo()
    const bytes = randomBytes(3 * MiB)
    const { digest } = await store.put(bytes)
    const uri = await store.uriOf([digest])
    for (const source of [gateway(uri), store]) {
      let broken = 0
      node.meddle = (request, response) => {
        const isTransfer = request.url?.startsWith('/ipfs/') === true || request.url?.includes('files/read') === true
        if (!isTransfer || broken++ > 0) return false
        response.writeHead(200, request.url?.startsWith('/ipfs/') === true ? { 'content-length': bytes.length } : {})
        response.write(bytes.subarray(0, MiB), () => setImmediate(() => response.destroy()))
        return true
      }
      let least = Infinity
      const onProgress = ({ received }: { received: number }): void => {
        if (broken > 1) least = Math.min(least, received)
      }
      const got = await source.get(digest, { ...limit, onProgress })
      expect(Buffer.from(got).equals(bytes)).to.equal(true)
      expect(broken).to.equal(2)
      // The second answer began behind what the first had brought.
      expect(least).to.be.greaterThan(65_536)
      node.meddle = () => false
    }
  })

  it('large content comes through a gateway in ranges, each again that broke', async () => {
    const store = kubo()
    const bytes = randomBytes(9 * MiB)
    const { digest } = await store.put(bytes)
    const uri = await store.uriOf([digest])
    const asked: string[] = []
    node.meddle = (request, response) => {
      asked.push(request.headers.range ?? '')
      if (asked.length !== 3) return false
      response.destroy()
      return true
    }
    const source = new IpfsStore({ gateways: [node.url], uri, retryDelayMs: 1, rangeBytes: MiB })
    expect(Buffer.from(await source.get(digest, limit)).equals(bytes)).to.equal(true)
    expect(new Set(asked).size).to.equal(9)
    expect(asked).to.have.length(10)
    // The node's own RPC has no ranges: one answer brings all.
    asked.length = 0
    node.meddle = (request) => {
      if (request.url?.includes('files/read') === true) asked.push(request.headers.range ?? 'none')
      return false
    }
    expect(Buffer.from(await store.get(digest, limit)).equals(bytes)).to.equal(true)
    expect(asked).to.deep.equal(['none'])
  })

  it('no gateway is believed: a forged copy is refused, and another gateway asked', async () => {
    const store = kubo()
    const bytes = randomBytes(2 * MiB)
    const { digest } = await store.put(bytes)
    const uri = await store.uriOf([digest])
    const liar = await IpfsNode.start()
    const forged = Buffer.from(bytes)
    forged.writeUInt8(forged.readUInt8(MiB) ^ 1, MiB)
    liar.meddle = (_, response) => (response.end(forged), true)
    try {
      await rejected(new IpfsStore({ gateways: [liar.url], uri }).get(digest, limit), 'CONTENT_DIGEST_MISMATCH')
      const both = new IpfsStore({ gateways: [liar.url, node.url], uri })
      expect(Buffer.from(await both.get(digest, limit)).equals(bytes)).to.equal(true)
      // Without an end the body is cut off at the limit.
      liar.meddle = (_, response) => {
        const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more))
        more()
        return true
      }
      await rejected(new IpfsStore({ gateways: [liar.url], uri }).get(digest, limit), 'CONTENT_TOO_LARGE')
    } finally {
      liar.stop()
    }
  })

  describe("a stranger's directory cannot lead us into our own network", () => {
    let inside: Server
    let visitors = 0

    before(async () => {
      inside = createServer((_, response) => {
        visitors++
        response.end('secret')
      })
      await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
    })
    after(() => {
      inside.closeAllConnections()
      inside.close()
    })

    it('by redirects, which a gateway repeats', async () => {
      const { digest } = await kubo().put(Buffer.from('secret'))
      const uri = await kubo().uriOf([digest])
      const { port } = inside.address() as AddressInfo
      const places = [
        `http://127.0.0.1:${port}/`,
        `http://localhost:${port}/`,
        `http://[::ffff:127.0.0.1]:${port}/`,
        `https://127.0.0.1:${port}/`,
        `http://169.254.169.254/latest/meta-data/`,
        `file:///etc/passwd`,
      ]
      for (const location of places) {
        node.meddle = (_, response) => (response.writeHead(302, { location }).end(), true)
        await rejected(gateway(uri).get(digest, limit), 'CONTENT_ADDRESS_REFUSED')
      }
      expect(visitors).to.equal(0)
      // The gateway itself may be anywhere, and may lead to itself: ours is on this machine.
      node.meddle = ({ url }, response) =>
        url?.startsWith('/ipfs/') === true ? (response.writeHead(301, { location: url.replace('/ipfs', '/moved') }).end(), true) : (response.end('secret'), true) // prettier-ignore
      expect(Buffer.from(await gateway(uri).get(digest, limit)).toString()).to.equal('secret')
    })

    it('by its name', async () => {
      const gateways = { isPrivateAllowed: false, ipfsGateways: [node.url] }
      const cid = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
      const names = [
        'ipfs://',
        'ipfs://../api/v0/shutdown',
        `ipfs://${cid}/../../api/v0/shutdown`,
        `ipfs://${cid}?x=1`,
        `ipfs://${cid}#x`,
        `ipfs://user:word@${cid}`,
        `ipfs://${cid}/path`,
        'ipfs://Qm0000000000000000000000000000000000000000000000',
        `kubo+http://127.0.0.1:5001/`,
        '/etc',
        'file:///etc',
      ]
      for (const name of names) expect(openStrangersPlace(name, gateways), name).to.equal(undefined)
      expect(openStrangersPlace(`ipfs://${cid}`, gateways)?.name).to.match(/^gateway http/)
      // Without a gateway of our own nobody is asked, and whoever looks for the content is told so.
      const nowhere = openStrangersPlace(`ipfs://${cid}`, { isPrivateAllowed: false })!
      expect(await nowhere.has(digestOf('x'))).to.equal(false)
      const reads = [
        () => nowhere.get(digestOf('x'), limit),
        () => nowhere.save(digestOf('x'), join(tmpdir(), 'gevulot-nowhere'), limit),
        () => new MultiStore([nowhere]).get(digestOf('x'), limit),
        async () => { for await (const _ of nowhere.open(digestOf('x'), limit)); }, // prettier-ignore
      ]
      for (const read of reads)
        expect((await rejected(read(), 'CONTENT_GATEWAY_MISSING')).message).to.include(
          `ipfs://${cid} without a gateway`,
        )
    })
  })

  it('a node that stores something else, names nothing, or refuses is found out', async () => {
    const answer = (status: number, text: string) => {
      node.meddle = (request, response) => {
        if (request.url?.includes('/add') !== true) return false
        request.resume().on('end', () => response.writeHead(status).end(text))
        return true
      }
    }
    answer(200, JSON.stringify({ Hash: cidOf(digestOf('something else')) }))
    await rejected(kubo().put(Buffer.from('mine')), 'CONTENT_UNAVAILABLE')
    answer(200, JSON.stringify({ Hash: '../../etc' }))
    await rejected(kubo().put(randomBytes(2 * MiB)), 'CONTENT_UNAVAILABLE')
    answer(200, 'x'.repeat(2 * MiB))
    await rejected(kubo().put(Buffer.from('mine')), 'CONTENT_UNAVAILABLE')
    answer(403, 'no')
    const before = adds()
    await rejected(kubo().put(Buffer.from('mine')), 'CONTENT_ACCESS_DENIED')
    expect(adds()).to.equal(before + 1)
    const reason = new Error('enough')
    node.meddle = () => true
    const stop = new AbortController()
    const stopped = kubo()
      .put(Buffer.from('mine'), { signal: stop.signal })
      .catch((error: unknown) => error)
    stop.abort(reason)
    expect(await stopped).to.equal(reason)
    await rejected(new KuboStore(node.url, { timeoutMs: 50, attempts: 1 }).put(Buffer.from('mine')), 'CONTENT_TIMEOUT')
  })

  it('a password of the RPC is sent, and shown nowhere', async () => {
    node.authorization = `Basic ${Buffer.from('me:sesame').toString('base64')}`
    const place = `kubo+${node.url.replace('http://', 'http://me:sesame@')}`
    const store = openPlace(place) as KuboStore
    const { digest } = await store.put(Buffer.from('mine'))
    expect(Buffer.from(await store.get(digest, limit)).toString()).to.equal('mine')
    expect(store.name).not.to.include('sesame')
    const error = await rejected(kubo().put(Buffer.from('other')), 'CONTENT_ACCESS_DENIED')
    expect(error.message).not.to.include('sesame')
  })

  it('several at once put the same in one place', async () => {
    const bytes = randomBytes(2 * MiB)
    const stored = await Promise.all(Array.from({ length: 4 }, () => kubo().put(bytes)))
    expect(new Set(stored.map(({ digest }) => digest)).size).to.equal(1)
    const content = node.files.get('gevulot')
    if (!(content instanceof Map)) throw new Error('there is no directory')
    expect([...(content.get('content') as Map<string, unknown>).keys()]).to.deep.equal([hexOf(digestOf(bytes))])
  })
})
