import { expect } from 'chai'
import { migrations } from '../../sdk/src/api/store/migrations.js'
import { RequestStore, type NewRequest, type StoredRequest } from '../../sdk/src/api/store/RequestStore.js'
import type { ApiSchema } from '../../sdk/src/api/store/schema.js'
import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'

const REQUEST: NewRequest = {
  ...{ key_id: 'key', idempotency_key: null, body_hash: '', program: '', inputs: '', public_inputs: '' },
  ...{ inputs_uri: '', delivery_key: null, label: null, jobs: 1, fee: '1', max_run_time: 1, redundancy: 1, rescue: 60 },
}
const WORKLOAD = {
  ...{ block: 5, log_index: 0, submitted_at: 1, program: '', requester: '', class: 0, fee: '1', max_run_time: 1 },
  ...{ redundancy: 1, assigned_at: null, closed_at: null, outcome: null, commits: 0, ranks: 0 },
  ...{ paid: '0', refunded: '0', burned: '0' },
}
const LIMITS = { requestsPerDay: 10, spendPerDay: '10', uploadPerDay: 0 }

describe('api: store of requests', () => {
  it('what is cancelled while it has a nonce, for which then nothing was sent, is never submitted', async () => {
    const db = await openEmbedded<ApiSchema>(undefined, migrations)
    try {
      const requests = new RequestStore(db)
      const accepted: StoredRequest[] = []
      for (let count = 0; count < 3; count++) accepted.push(await requests.accept(REQUEST, LIMITS, 1))
      const [alone, together, kept] = await requests.takeAll(accepted, 7)
      // Something may have been sent for both, so they cannot be over yet.
      for (const request of [alone!, together!])
        expect(await requests.cancel(request)).to.include({ state: 'accepted', cancelling: true })
      expect(await requests.take(alone!.id, null)).to.equal(true)
      await requests.giveBack([together!, kept!])
      const listed = await requests.list('key', 10, undefined)
      expect(listed.map(({ id, state, nonce, cancelling }) => ({ id, state, nonce, cancelling }))).to.deep.equal([
        { id: kept!.id, state: 'accepted', nonce: null, cancelling: false },
        { id: together!.id, state: 'cancelled', nonce: null, cancelling: false },
        { id: alone!.id, state: 'cancelled', nonce: null, cancelling: false },
      ])
      expect((await requests.heads([])).map(({ id }) => id)).to.deep.equal([kept!.id])
      // Nor does it count.
      expect(await requests.usage('key', 2)).to.deep.equal({ requests: 1, spent: 1n })
    } finally {
      await db.destroy()
    }
  })

  it('what was cancelled, and a reorg has taken away, is cancelled again and not simply wanted again', async () => {
    const db = await openEmbedded<ApiSchema>(undefined, migrations)
    try {
      const requests = new RequestStore(db)
      const accepted: StoredRequest[] = []
      for (let count = 0; count < 3; count++) accepted.push(await requests.accept(REQUEST, LIMITS, 1))
      const [cancelled, found, wanted] = await requests.takeAll(accepted, 7)
      for (const { id } of [cancelled!, found!, wanted!])
        await requests.settle(id, { state: 'submitted', workload: `workload ${id}`, submitted_block: 5 })
      for (const { id } of [cancelled!, found!]) await requests.settle(id, { cancelling: false, cancelled_block: 6 })
      await db.insertInto('index_head').values({ id: 1, identity: '', cursor: null, block: 6, time: 0 }).execute()
      expect(await requests.reopenLost(0)).to.equal(3)
      const now = async () =>
        (await requests.list('key', 10, undefined)).map(({ state, cancelling }) => `${state} ${cancelling}`)
      expect(await now()).to.deep.equal(['accepted false', 'accepted true', 'accepted true'])
      // Its nonce is somebody else's: nothing of it is on the chain any more.
      await requests.take(cancelled!.id, null)
      // It was on the chain all the same.
      await requests.settle(found!.id, { state: 'submitted', workload: 'again', submitted_block: 7 })
      expect(await now()).to.deep.equal(['accepted false', 'submitted true', 'cancelled false'])
      expect((await requests.toAct()).map(({ id }) => id)).to.deep.equal([found!.id])
    } finally {
      await db.destroy()
    }
  })

  it('what was cancelled, and the index has as open, is cancelled again once the index has come that far', async () => {
    const db = await openEmbedded<ApiSchema>(undefined, migrations)
    try {
      const requests = new RequestStore(db)
      const [lost, gone, wanted] = [1, 2, 3].map(() => requests.accept(REQUEST, LIMITS, 1))
      for (const [request, finished_at] of [
        [await lost!, null],
        [await gone!, 7],
        [await wanted!, null],
      ] as const) {
        const workload = `workload ${request.id}`
        await requests.settle(request.id, { state: 'submitted', workload, submitted_block: 5 })
        await db
          .insertInto('workloads')
          .values({ ...WORKLOAD, workload, finished_at })
          .execute()
      }
      for (const request of [lost, gone]) await requests.settle((await request!).id, { cancelled_block: 7 })
      await db.insertInto('index_head').values({ id: 1, identity: '', cursor: null, block: 6, time: 0 }).execute()
      expect(await requests.recancelLost(0)).to.equal(0)
      await db.updateTable('index_head').set({ block: 7 }).execute()
      expect(await requests.recancelLost(2)).to.equal(0)
      expect(await requests.recancelLost(0)).to.equal(1)
      expect((await requests.toAct()).map(({ id }) => id)).to.deep.equal([(await lost!).id])
      expect(await requests.recancelLost(0)).to.equal(0)
    } finally {
      await db.destroy()
    }
  })
})
