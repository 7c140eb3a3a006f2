import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { systemClock } from '../../sdk/src/clock.js'
import type { ContentSource } from '../../sdk/src/content/ContentStore.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { digestOf, hexOf } from '../../sdk/src/content/digest.js'
import { hedged, type Attempt } from '../../sdk/src/content/hedged.js'
import { HttpStore } from '../../sdk/src/content/HttpStore.js'
import { MultiStore } from '../../sdk/src/content/MultiStore.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('content: MultiStore', () => {
  const directory = useTemporaryDirectory()

  it('takes the first good copy, whatever bad ones come before', async () => {
    const [empty, damaged, good] = ['empty', 'damaged', 'good'].map(
      (name) => new DirectoryStore(join(directory(), name)),
    )
    if (empty === undefined || damaged === undefined || good === undefined) throw new Error('three stores')
    const { digest } = await damaged.put(Buffer.from('content'))
    const path = join(directory(), 'damaged', hexOf(digest).slice(0, 2), hexOf(digest))
    chmodSync(path, 0o644)
    writeFileSync(path, 'CONTENT')
    const store = new MultiStore([empty, damaged, good])
    const refusal = await rejected(store.get(digest, { maxBytes: 100 }), 'CONTENT_NOT_FOUND')
    expect(refusal.details?.['reasons']).to.have.length(3)

    await good.put(Buffer.from('content'))
    expect(Buffer.from(await store.get(digest, { maxBytes: 100 })).toString()).to.equal('content')
    const chunks: Uint8Array[] = []
    for await (const chunk of store.open(digest, { maxBytes: 100 })) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).to.equal('content')
    expect(await store.save(digest, join(directory(), 'saved'), { maxBytes: 100 })).to.equal(7)
    expect(await store.has(digest)).to.equal(true)
    expect(await store.has(digestOf('nothing'))).to.equal(false)
  })

  it('keeps what it opens where it is told until it is checked, and nothing afterwards', async () => {
    const good = new DirectoryStore(join(directory(), 'large'))
    const { digest } = await good.put(Buffer.alloc(3 * 2 ** 20, 7))
    const workDirectory = join(directory(), 'data', 'work')
    const chunks = new MultiStore([good], { workDirectory }).open(digest, { maxBytes: 2 ** 22 })[Symbol.asyncIterator]()
    await chunks.next()
    expect(readdirSync(workDirectory)).to.have.length(1)
    await chunks.return(undefined)
    expect(readdirSync(workDirectory)).to.deep.equal([])
  })

  describe('a first store that drips', () => {
    const bytes = randomBytes(1000)
    let server: Server
    let open = 0
    /** Whether it answers at all. */
    let drips = true

    beforeEach(async () => {
      // It never ends: only another store can.
      server = createServer((_, response) => {
        open++
        const timer = setInterval(() => void (drips && response.write('x')), 5)
        response.on('close', () => {
          open--
          clearInterval(timer)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      drips = true
    })
    afterEach(() => {
      server.closeAllConnections()
      server.close()
    })

    const dripping = (): ContentSource =>
      new HttpStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { addresses: 'any' })

    for (const way of ['drips', 'is silent'] as const)
      it(`holds up no good one behind it, when it ${way}, and is let go`, async () => {
        drips = way === 'drips'
        const good = new DirectoryStore(join(directory(), 'good'))
        const { digest } = await good.put(bytes)
        const store = new MultiStore([dripping(), new DirectoryStore(join(directory(), 'nothing')), good], { patienceMs: 50 }) // prettier-ignore
        const received: number[] = []
        const onProgress = (progress: { readonly received: number }): void => void received.push(progress.received)
        const options = { maxBytes: 2 ** 20, onProgress }
        expect(Buffer.from(await store.get(digest, options)).equals(bytes)).to.equal(true)
        expect(received).to.deep.equal([...received].sort((a, b) => a - b))
        expect(await store.save(digest, join(directory(), 'saved'), options)).to.equal(1000)
        expect(await store.has(digest)).to.equal(true)
        while (open > 0) await sleep(5)
        // No temporary file of the one that lost.
        expect(readdirSync(directory()).filter((name) => name.includes('saved'))).to.deep.equal(['saved'])
      })

    it('ends when it is told to, with the reason', async () => {
      const stop = new AbortController()
      const reason = new Error('enough')
      const reading = new MultiStore([dripping(), dripping()], { patienceMs: 50 }).get(digestOf('x'), {
        ...{ maxBytes: 2 ** 20, signal: stop.signal },
      })
      while (open < 2) await sleep(5)
      stop.abort(reason)
      expect(await reading.catch((error: unknown) => error)).to.equal(reason)
      while (open > 0) await sleep(5)
    })
  })

  it('one that gets on is waited for, however long it takes; one that does not is helped out', async () => {
    // Time passes when the test says so.
    const waiting: (() => void)[] = []
    const clock = { ...systemClock, sleep: () => new Promise<void>((resolve) => waiting.push(resolve)) }
    const pass = async (): Promise<void> => {
      while (waiting.length === 0) await sleep(1)
      waiting.shift()!()
    }
    const asked: string[] = []
    const firsts: Attempt[] = []
    const reading = hedged(
      ['first', 'second'],
      (source, attempt) => {
        asked.push(source)
        if (source === 'second') return Promise.resolve(source)
        firsts.push(attempt)
        return new Promise((_, reject) => attempt.signal.addEventListener('abort', () => reject(new Error('let go'))))
      },
      { patienceMs: 1, leastBytes: 100, clock },
    )
    while (firsts.length === 0) await sleep(1)
    const [first] = firsts as [Attempt]
    for (const received of [100, 250, 350]) {
      first.progress(received)
      await pass()
      // Whoever waits for the next one has judged this one.
      while (waiting.length === 0) await sleep(1)
      expect(asked).to.deep.equal(['first'])
    }
    first.progress(449)
    await pass()
    expect(await reading).to.deep.equal({ answer: 'second' })
  })

  it('writes to the first store that can be written', async () => {
    const web: ContentSource = new HttpStore('https://content.example.org/')
    const local = new DirectoryStore(join(directory(), 'local'))
    const { digest } = await new MultiStore([web, local]).put(Buffer.from('mine'))
    expect(await local.has(digest)).to.equal(true)
    await new MultiStore([web, local]).remove(digest)
    expect(await local.has(digest)).to.equal(false)
    await rejected(new MultiStore([web]).remove(digest), 'CONTENT_READ_ONLY')
    await rejected(new MultiStore([web]).put(Buffer.from('mine')), 'CONTENT_READ_ONLY')
  })
})
