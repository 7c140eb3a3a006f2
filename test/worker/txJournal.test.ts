import { expect } from 'chai'

import { systemClock } from '../../sdk/src/clock.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal, type TxVersion } from '../../sdk/src/worker/store/TransactionJournal.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const DAY_MS = 86_400_000

for (const kind of DATABASES) {
  describe(`worker: transaction journal (${kind})`, () => {
    const open = useDatabases(kind)
    let db: Database
    let now: number
    let journal: TransactionJournal

    beforeEach(async () => {
      db = await open()
      now = 1_000 * DAY_MS
      journal = new TransactionJournal(db, { ...systemClock, now: () => now })
    })
    afterEach(() => db.destroy())

    const version = (hash: string): TxVersion => ({
      ...{ hash, raw: `0x${hash}`, maxFee: 2n, priorityFee: 1n, cancels: false },
    })
    const add = (nonce: number, key: string, hash = key) =>
      journal.add({ key, nonce, to: `0x${'12'.repeat(20)}`, data: '0x', gasLimit: 21_000n }, version(hash))
    const hashes = async (): Promise<string[]> =>
      (await db.selectFrom('transaction_versions').select('hash').orderBy('hash').execute()).map(({ hash }) => hash)

    // A server may have written it, and the connection have ended before it could say so.
    it('what seems not to have been written, and was, gives way to what is signed for its nonce instead', async () => {
      await add(6, 'before')
      await add(7, 'unheard')
      const second = await add(7, 'heard')
      expect((await journal.pending()).map(({ key }) => key)).to.deep.equal(['before', 'heard'])
      expect(await hashes()).to.deep.equal(['before', 'heard'])
      // The same request is signed to the same bytes.
      const third = await add(7, 'again', 'heard')
      expect(third.id).to.not.equal(second.id)
      expect((await journal.pending()).map(({ key, versions }) => [key, versions.length])).to.deep.equal([
        ['before', 1],
        ['again', 1],
      ])
      // What has ended there is left alone: a reorg may give the nonce back.
      await journal.end(third, 'mined')
      await add(7, 'after a reorg')
      expect(
        (await db.selectFrom('transactions').select('key').orderBy('id').execute()).map(({ key }) => key),
      ).to.deep.equal(['before', 'again', 'after a reorg'])
    })

    it('forgets what ended long ago and far back, with its bytes, and nothing that may still be mined', async () => {
      const [old, oldest] = [await add(1, 'old'), await add(0, 'oldest, and in flight')]
      await journal.addVersion(old, version('old, dearer'))
      await journal.end(old, 'mined')
      now += 10 * DAY_MS
      await journal.end(await add(2, 'late'), 'reverted')
      await journal.end(await add(9, 'near'), 'mined')
      await journal.forget(5, now - 7 * DAY_MS)
      const keys = async (): Promise<string[]> =>
        (await db.selectFrom('transactions').select('key').orderBy('nonce').execute()).map(({ key }) => key)
      expect(await keys()).to.deep.equal([oldest.key, 'late', 'near'])
      expect(await hashes()).to.deep.equal(['late', 'near', oldest.key])
      now += 10 * DAY_MS
      await journal.forget(5, now - 7 * DAY_MS)
      expect(await keys()).to.deep.equal([oldest.key, 'near'])
      expect((await journal.newestAt(9))?.versions).to.have.length(1)
    })
  })
}
