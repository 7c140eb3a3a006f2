import { expect } from 'chai'
import { systemClock } from '../../sdk/src/clock.js'
import { ActionJournal } from '../../sdk/src/worker/store/ActionJournal.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const DAY_MS = 86_400_000

for (const kind of DATABASES) {
  describe(`relay: journal of signed acts (${kind})`, () => {
    const open = useDatabases(kind)
    let db: Database
    let now: number
    let journal: ActionJournal

    beforeEach(async () => {
      db = await open()
      now = 1_000 * DAY_MS
      journal = new ActionJournal(db, { ...systemClock, now: () => now })
    })
    afterEach(() => db.destroy())

    const act = (key: string) => ({ key, to: '0x01', data: '0x02', block: 3 })

    it('gives every act a nonce of its own, next to each other, and two processes never the same', async () => {
      const first = await journal.take(act('a'))
      expect((await journal.take(act('b'))).nonce).to.equal(first.nonce + 1n)
      // What the table holds may be a backup: others were spent since.
      const next = new ActionJournal(db, systemClock)
      expect((await next.take(act('c'))).nonce >> 32n).not.to.equal(first.nonce >> 32n)
    })

    it('an act that is asked for again keeps its nonce until it is done', async () => {
      const first = await journal.take(act('a'))
      await journal.end(first, 'dropped')
      const again = await journal.take({ ...act('a'), data: '0x04', block: 9 })
      expect(again).to.include({ id: first.id, nonce: first.nonce, data: '0x04', block: 3 })
      await journal.end(again, 'done')
      expect((await journal.take(act('a'))).nonce).to.equal(first.nonce + 1n)
    })

    it('knows after a restart what was handed out', async () => {
      const open = await journal.take({ ...act('a'), deadline: 1_900_000_000 })
      await journal.end(await journal.take(act('b')), 'done')
      expect(await new ActionJournal(db, systemClock).pending()).to.deep.equal([open])
    })

    it('forgets what ended long ago and far back, and nothing that is handed out, or ended lately or near', async () => {
      const at = (key: string, block: number) => journal.take({ ...act(key), block })
      const open = await at('open', 1)
      await journal.end(await at('done', 1), 'done')
      await journal.end(await at('dropped', 1), 'dropped')
      await journal.end(await at('near', 9), 'done')
      const long = await at('long', 1)
      now += 10 * DAY_MS
      // A signature of it may have been handed out a moment ago.
      await journal.end(long, 'dropped')
      const keys = async (): Promise<string[]> =>
        (await db.selectFrom('actions').select('key').orderBy('id').execute()).map(({ key }) => key)
      await journal.forget(5, now - 11 * DAY_MS)
      expect(await keys()).to.deep.equal(['open', 'done', 'dropped', 'near', 'long'])
      await journal.forget(5, now - 7 * DAY_MS)
      expect(await keys()).to.deep.equal(['open', 'near', 'long'])
      expect((await at('open', 9)).nonce).to.equal(open.nonce)
      expect((await at('long', 9)).nonce).to.equal(long.nonce)
      expect((await at('dropped', 9)).nonce).to.be.greaterThan(long.nonce)
    })
  })
}
