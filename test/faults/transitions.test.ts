import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { canBecome, JOB_STATES, type JobState } from '../../sdk/src/worker/job/transitions.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { faultSeed, IS_FULL, Seeded } from '../support/seed.js'

const KILLED = join(root, 'test/support/provers/killedAtTransition.ts')
/** In `npm test`. */
const FEW = 3

/** Every transition that the machine has. */
const TRANSITIONS = JOB_STATES.flatMap((from) =>
  JOB_STATES.filter((to) => canBecome(from, to)).map((to) => [from, to] as const),
)

/** The shortest way from the first state to another. */
function wayTo(state: JobState): readonly JobState[] {
  const ways: JobState[][] = [['assigned']]
  for (const way of ways) {
    const here = way.at(-1)!
    if (here === state) return way
    ways.push(
      ...JOB_STATES.filter((next) => canBecome(here, next) && !way.includes(next)).map((next) => [...way, next]),
    )
  }
  throw new Error(`no way leads to ${state}`)
}

// The embedded database is in the process that dies; a server would not notice.
describe('faults: the worker is killed at every transition of its state machine', function () {
  this.timeout(300_000)
  const random = new Seeded(faultSeed())
  const tried = IS_FULL ? TRANSITIONS : random.shuffle(TRANSITIONS).slice(0, FEW)
  let directory: string

  before(async () => {
    if (!IS_FULL)
      console.log(`      SKIP all but ${FEW} of ${TRANSITIONS.length} (seed ${random.seed}): npm run test:faults`)
    directory = await mkdtemp(join(tmpdir(), 'gevulot-transitions-'))
  })
  after(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  it('every state can be come to', () => {
    for (const state of JOB_STATES) expect(wayTo(state).at(-1)).to.equal(state)
  })

  for (const [index, [from, to]] of tried.entries()) {
    for (const when of ['midway', 'after'] as const) {
      it(`${from} to ${to}, ${when}`, async () => {
        const workload = `0x${(2 * index + (when === 'after' ? 1 : 0)).toString(16).padStart(64, '0')}` as WorkloadId
        const way = wayTo(from)
        const args = [directory, workload, when, ...way.slice(1), to]
        const child = spawn(process.execPath, ['--import', 'tsx', KILLED, ...args], { cwd: root, stdio: 'inherit' })
        expect((await once(child, 'exit'))[1]).to.equal('SIGKILL')
        const db = await openDatabase(directory)
        try {
          const jobs = new JobStore(db, systemClock)
          const is = when === 'after' ? to : from
          const job = await jobs.find({ workload, seat: 1 })
          expect(job?.state).to.equal(is)
          const history = await db
            .selectFrom('job_history')
            .select('to_state')
            .where('workload', '=', workload)
            .orderBy('id')
            .execute()
          expect(history.map(({ to_state }) => to_state)).to.deep.equal(when === 'after' ? [...way, to] : way)
          // It goes on from there.
          if (when === 'midway') expect(await jobs.transition(job!, to)).to.include({ state: to })
        } finally {
          await db.destroy()
        }
      })
    }
  }
})
