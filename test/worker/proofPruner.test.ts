import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { ProofPruner } from '../../sdk/src/worker/run/ProofPruner.js'
import { ProofStore } from '../../sdk/src/worker/run/ProofStore.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const DAY_MS = 86_400_000
const named = (): WorkloadId => `0x${randomBytes(32).toString('hex')}` as WorkloadId

for (const kind of DATABASES) {
  describe(`worker: removal of proofs (${kind})`, () => {
    const open = useDatabases(kind)
    const directory = useTemporaryDirectory()
    const lines: string[] = []
    const log = jsonLogger({ level: 'debug', write: (line) => void lines.push(line), now: Date.now })
    let place: string
    let db: Database
    let jobs: JobStore
    let proofs: ProofStore
    let removed: WorkloadId[]
    let asked: number[]
    let ahead = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }

    beforeEach(async () => {
      db = await open()
      jobs = new JobStore(db, systemClock)
      place = join(directory(), randomBytes(6).toString('hex'))
      proofs = new ProofStore(place, db)
      removed = []
      asked = []
      ahead = 0
    })
    afterEach(async () => {
      await db.destroy()
    })

    function pruner(remove = (workload: WorkloadId) => proofs.remove(workload)): ProofPruner {
      return new ProofPruner({
        ...{ config: { keepProofsDays: 7 }, clock, log },
        jobs: {
          finishedBefore: (time, among) => {
            asked.push(among.length)
            return jobs.finishedBefore(time, among)
          },
        },
        proofs: {
          kept: () => proofs.kept(),
          remove: async (workload) => {
            removed.push(workload)
            await remove(workload)
          },
        },
      })
    }
    async function prove(workload: WorkloadId): Promise<void> {
      await proofs.adopt(workload, Buffer.from('a proof'), Buffer.from('inputs'))
    }
    async function end(workload: WorkloadId): Promise<void> {
      const job = await jobs.add({ workload, seat: 7 }, false)
      await jobs.transition(job, 'lost', { closed: true })
    }
    const signal = new AbortController().signal

    it('removes what ended long ago of all that is kept, here and where the copies are, and nothing twice', async () => {
      const [ended, elsewhere, open, unknown] = [named(), named(), named(), named()]
      for (const workload of [ended, open, unknown]) await prove(workload)
      await new ProofStore(join(directory(), 'another machine'), db).adopt(
        elsewhere,
        Buffer.from('1'),
        Buffer.from('2'),
      )
      await proofs.keepLog(ended, 'what it printed')
      for (const workload of [ended, elsewhere]) await end(workload)
      await jobs.add({ workload: open, seat: 7 }, false)
      // What was removed long ago.
      for (let more = 0; more < 20; more++) await end(named())
      await mkdir(join(place, 'notes'))
      await writeFile(join(place, 'notes', 'mine'), '')

      await pruner().prune(signal)
      expect(removed, 'before its days are over').to.be.empty
      ahead = 8 * DAY_MS
      await pruner().prune(signal)
      expect(removed).to.have.members([ended, elsewhere])
      expect(await readdir(place)).to.have.members(['notes', open, unknown])
      expect(await proofs.kept()).to.have.members([open, unknown])
      await pruner().prune(signal)
      expect(removed).to.have.length(2)
      expect(asked, 'workloads that the database was asked about').to.deep.equal([4, 4, 2])
    })

    it('what cannot be removed keeps nothing else here, and is tried again', async () => {
      const [first, second] = [named(), named()]
      for (const workload of [first, second]) {
        await prove(workload)
        await end(workload)
      }
      ahead = 8 * DAY_MS
      const broken = pruner((workload) =>
        workload === first ? Promise.reject(new Error('the disk is gone')) : proofs.remove(workload),
      )
      await broken.prune(signal)
      expect(await proofs.kept()).to.deep.equal([first])
      expect(lines.filter((line) => line.includes(first) && line.includes('the disk is gone'))).to.have.length(1)
      await pruner().prune(signal)
      expect(await proofs.kept()).to.be.empty
    })

    // The database is closed once all loops have ended.
    it('has ended when its run has, and begins nothing more once it is stopped', async () => {
      for (const workload of [named(), named()]) {
        await prove(workload)
        await end(workload)
      }
      ahead = 8 * DAY_MS
      const stop = new AbortController()
      let release: () => void = () => undefined
      let hasEnded = false
      let running = Promise.resolve()
      await new Promise<void>((begun) => {
        const held = pruner(async (workload) => {
          begun()
          await new Promise<void>((resolve) => (release = resolve))
          await proofs.remove(workload)
        })
        running = held.run(stop.signal).then(() => void (hasEnded = true))
      })
      stop.abort()
      await new Promise((resolve) => setImmediate(resolve))
      expect(hasEnded, 'ended while it removes').to.equal(false)
      release()
      await running
      expect(removed).to.have.length(1)
    })
  })
}
