import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { digestOf } from '../../sdk/src/content/index.js'
import { CommitmentJournal } from '../../sdk/src/worker/store/CommitmentJournal.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const WORKLOAD = `0x${'cd'.repeat(32)}` as WorkloadId
const KEY = { workload: WORKLOAD, seat: 3 }
const ONE = digestOf('one proof')
const OTHER = digestOf('another proof')

// A second commitment for a slot could only lose: the first stands on chain, and its salt is what opens it.
for (const kind of DATABASES) {
  describe(`worker: commitment journal (${kind})`, () => {
    const open = useDatabases(kind)
    const directory = useTemporaryDirectory()
    let number = 0
    let path: string
    let db: Database
    let journal: CommitmentJournal

    beforeEach(async () => {
      path = join(directory(), `journal-${number++}`)
      db = await open()
      journal = new CommitmentJournal(db, path, systemClock)
    })
    afterEach(async () => {
      await db.destroy()
    })

    it('answers the same commitment for the same proof, salt included', async () => {
      const first = await journal.record(KEY, ONE, '/proof')
      expect(first.salt).to.match(/^0x[0-9a-f]{64}$/)
      expect(await journal.record(KEY, ONE, '/elsewhere')).to.deep.equal(first)
      expect(await journal.find(KEY)).to.deep.equal(first)
    })

    it('refuses a second, different proof for the same slot, and keeps the first', async () => {
      const first = await journal.record(KEY, ONE, '/proof')
      await rejected(journal.record(KEY, OTHER, '/proof'), 'WORKER_COMMITMENT_CONFLICT')
      expect(await journal.find(KEY)).to.deep.equal(first)
    })

    it('gives every seat its own salt', async () => {
      const a = await journal.record(KEY, ONE, '/proof')
      const b = await journal.record({ ...KEY, seat: 4 }, ONE, '/proof')
      expect(a.salt).to.not.equal(b.salt)
    })

    // The embedded database does not sync to disk, so after a power cut the file may know more than it.
    it('outlives the database', async () => {
      const first = await journal.record(KEY, ONE, '/proof')
      const empty = await open()
      const again = new CommitmentJournal(empty, path, systemClock)
      expect(await again.find(KEY)).to.deep.equal(first)
      await rejected(again.record(KEY, OTHER, '/proof'), 'WORKER_COMMITMENT_CONFLICT')
      await empty.destroy()
    })

    it('outlives the file', async () => {
      const first = await journal.record(KEY, ONE, '/proof')
      expect(await new CommitmentJournal(db, join(path, 'gone'), systemClock).find(KEY)).to.deep.equal(first)
    })

    it('stops at a damaged record instead of making a new one', async () => {
      await mkdir(path, { recursive: true })
      await writeFile(join(path, `${WORKLOAD}-3.json`), '{"workload":')
      await rejected(journal.record(KEY, ONE, '/proof'), 'WORKER_STATE_INVALID')
    })

    it('records nothing that it cannot write to disk', async () => {
      await writeFile(path, 'a file where the directory should be')
      await journal.record(KEY, ONE, '/proof').then(
        () => expect.fail('recorded'),
        () => undefined,
      )
      expect(await db.selectFrom('commitments').selectAll().execute()).to.be.empty
    })
  })
}
