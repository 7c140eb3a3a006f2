import { expect } from 'chai'
import { systemClock } from '../../sdk/src/clock.js'
import { ActionJournal } from '../../sdk/src/worker/store/ActionJournal.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'

describe('relay: journal of signed acts', () => {
  let db: Database
  let journal: ActionJournal

  before(async () => {
    db = await openDatabase()
  })
  beforeEach(async () => {
    await db.deleteFrom('actions').execute()
    journal = new ActionJournal(db, systemClock)
  })
  after(() => db.destroy())

  const act = (key: string) => ({ key, to: '0x01', data: '0x02', block: 3 })

  it('gives every act a nonce of its own, next to each other, and two journals never the same', async () => {
    const first = await journal.take(act('a'))
    expect((await journal.take(act('b'))).nonce).to.equal(first.nonce + 1n)
    await db.deleteFrom('actions').execute()
    expect((await journal.take(act('a'))).nonce >> 32n).not.to.equal(first.nonce >> 32n)
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
})
