import { randomBytes } from 'node:crypto'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Kysely } from 'kysely'
import { KeptInputs, type InputsLimits } from '../../sdk/src/api/store/KeptInputs.js'
import { migrations } from '../../sdk/src/api/store/migrations.js'
import type { ApiSchema } from '../../sdk/src/api/store/schema.js'
import { buildInputs } from '../../sdk/src/content/buildInputs.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { digestOf, type Digest } from '../../sdk/src/content/digest.js'
import { contentError } from '../../sdk/src/errors/codes/content.js'
import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS

describe('api: inputs without a key', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let db: Kysely<ApiSchema>
  let root: string
  let store: DirectoryStore
  let now: number

  before(async () => {
    db = await openEmbedded<ApiSchema>(undefined, migrations)
  })
  beforeEach(async () => {
    await db.deleteFrom('kept').execute()
    await db.deleteFrom('workloads').execute()
    await db.deleteFrom('index_head').execute()
    root = join(directory(), randomBytes(6).toString('hex'))
    store = new DirectoryStore(root)
    now = 1_790_000_000_000
  })
  after(() => db.destroy())

  const open = (limits: InputsLimits = {}): KeptInputs => {
    const clock = { now: () => now, elapsed: () => now, sleep: () => Promise.reject(new Error('nobody waits here')) }
    const log = jsonLogger({ level: 'info', write: () => undefined, now: () => now })
    return new KeptInputs({ ...limits, db, store, clock, log })
  }
  /** What the server does with inputs for a workload. */
  async function publish(kept: KeptInputs, workload: string, contents: readonly Buffer[], requester = 'alice') {
    await kept.keep({ workload, requester, contents: contents.map((bytes) => ({ digest: digestOf(bytes), size: bytes.length })) }) // prettier-ignore
    for (const bytes of contents) await put(bytes)
  }
  /** Stored now, by the test's clock. */
  async function put(bytes: Buffer): Promise<void> {
    const hex = (await store.put(bytes)).digest.slice(2)
    await utimes(join(root, hex.slice(0, 2), hex), now / 1000, now / 1000)
  }
  async function end(workload: string): Promise<void> {
    const rest = { block: 1, log_index: 0, submitted_at: 0, program: '', requester: '', class: 1, fee: '0', max_run_time: 1, redundancy: 1 } // prettier-ignore
    const none = { assigned_at: null, closed_at: null, commits: 0, ranks: 0, paid: '0', refunded: '0', burned: '0' }
    await db.insertInto('workloads').values({ workload, ...rest, ...none, finished_at: Math.floor(now / 1000), outcome: 'Cancelled' }).execute() // prettier-ignore
  }
  /** The index comes to a block of now. */
  async function sweep(kept: KeptInputs): Promise<number> {
    await db.deleteFrom('index_head').execute()
    await db.insertInto('index_head').values({ id: 1, identity: '', cursor: null, block: 1, time: Math.floor(now / 1000) }).execute() // prettier-ignore
    return kept.sweep()
  }
  const has = (bytes: Buffer): Promise<boolean> => store.has(digestOf(bytes))

  it('are removed some time after the end of their workload, and not before', async () => {
    const kept = open()
    const [mine, live] = [randomBytes(10), randomBytes(10)]
    await publish(kept, 'over', [mine])
    await publish(kept, 'live', [live])
    await end('over')
    now += WEEK_MS
    expect(await sweep(kept)).to.equal(0)
    now += 1_001
    expect(await sweep(kept)).to.equal(1)
    expect([await has(mine), await has(live)]).to.deep.equal([false, true])
    expect(await sweep(kept)).to.equal(0)
    // Of a workload that nobody ends, or that a reorg took away, after the longest life that one can have.
    now += 8 * DAY_MS
    expect(await sweep(kept)).to.equal(1)
    expect(await has(live)).to.equal(false)
  })

  it('never take away what somebody else needs: another workload, a key, or whoever had it there before', async () => {
    const kept = open()
    const [shared, before, uploaded, requested, alone] = [1, 2, 3, 4, 5].map(() => randomBytes(10)) as [Buffer, Buffer, Buffer, Buffer, Buffer] // prettier-ignore
    await store.put(before)
    await publish(kept, 'over', [shared, before, uploaded, requested, alone])
    await publish(kept, 'live', [shared])
    await kept.claim([digestOf(uploaded)])
    const { digest: manifest } = await buildInputs({ files: { public_inputs: requested } }, store)
    await kept.claimInputs(manifest)
    // Claiming what nobody published, or what the store does not hold, is nothing.
    await kept.claimInputs(digestOf('nowhere'))
    await end('over')
    now += WEEK_MS + 1_001
    await sweep(kept)
    expect(await has(alone)).to.equal(false)
    for (const content of [shared, before, uploaded, requested]) expect(await has(content)).to.equal(true)
    // Once more by a stranger, and over again: what a key has claimed is claimed for good.
    await publish(kept, 'again', [uploaded])
    await end('again')
    await end('live')
    now += WEEK_MS + 1_001
    await sweep(kept)
    expect([await has(shared), await has(uploaded)]).to.deep.equal([false, true])
  })

  it('a key whose inputs cannot be looked at now is told so: what it did not claim would be taken away', async () => {
    const kept = open()
    const requested = randomBytes(10)
    await publish(kept, 'over', [requested])
    const { digest: manifest } = await buildInputs({ files: { public_inputs: requested } }, store)
    const get = store.get.bind(store)
    store.get = () => Promise.reject(contentError('CONTENT_UNAVAILABLE', 'the bucket is away'))
    await rejected(kept.claimInputs(manifest), 'CONTENT_UNAVAILABLE')
    store.get = get
    await kept.claimInputs(manifest)
    await end('over')
    now += WEEK_MS + 1_001
    await sweep(kept)
    expect(await has(requested)).to.equal(true)
  })

  it('never take away what was put there since by somebody who does not ask the server', async () => {
    const kept = open()
    const [file, own] = [randomBytes(10), randomBytes(10)]
    // A stranger knows which file a package will have that is to be deployed, and names it as an input first.
    await publish(kept, 'over', [file, own])
    now += DAY_MS
    await put(file)
    await end('over')
    now += WEEK_MS + 1_001
    await sweep(kept)
    expect([await has(file), await has(own)]).to.deep.equal([true, false])
    expect(await sweep(kept)).to.equal(0)
  })

  it('have a limit for each account and for all, of which none is used twice, nor by racing', async () => {
    const kept = open({ perDay: 100, perRequester: 60 })
    const [first, second] = [randomBytes(40), randomBytes(40)]
    await publish(kept, 'one', [first, first])
    // The same again, within one workload, for the same or another, takes no more room.
    await publish(kept, 'one', [first])
    await publish(kept, 'two', [first], 'bob')
    await rejected(publish(kept, 'three', [second]), 'API_LIMIT_REACHED')
    expect(await has(second)).to.equal(false)
    const racing = await Promise.allSettled([1, 2, 3, 4].map((nth) => publish(kept, `race ${nth}`, [randomBytes(20)], `account ${nth}`))) // prettier-ignore
    expect(racing.filter(({ status }) => status === 'fulfilled')).to.have.length(3)
    // A key that claims them makes no room for others: then a stranger and a key could fill the disk together.
    await kept.claim([digestOf(first)])
    await rejected(publish(kept, 'four', [second], 'carol'), 'API_LIMIT_REACHED')
    now += DAY_MS + 1
    await publish(kept, 'five', [second], 'carol')
    expect(await has(second)).to.equal(true)
  })

  it('a removal that breaks off is done again', async () => {
    const kept = open()
    const contents = [randomBytes(10), randomBytes(10)]
    await publish(kept, 'over', contents)
    await end('over')
    now += WEEK_MS + 1_001
    const remove = store.remove.bind(store)
    let removals = 0
    store.remove = (digest: Digest) =>
      ++removals === 2 ? Promise.reject(new Error('the disk is gone')) : remove(digest)
    await sweep(kept).then(() => expect.fail('it removed all'), () => undefined) // prettier-ignore
    await sweep(kept)
    for (const content of contents) expect(await has(content)).to.equal(false)
  })
})
