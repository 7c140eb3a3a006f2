/**
 * A worker's state, left by SIGKILL at one transition: `killedAtTransition.ts <database directory> <workload> <midway|after> <state>…`. Takes a job
 * through the states; the last transition ends it, in the middle of its transaction or right after it was durable.
 */
import type { KyselyPlugin } from 'kysely'

import type { WorkloadId } from '../../../sdk/src/chain/index.js'
import { systemClock } from '../../../sdk/src/clock.js'
import type { JobState } from '../../../sdk/src/worker/job/transitions.js'
import { JobStore } from '../../../sdk/src/worker/store/JobStore.js'
import { openDatabase } from '../../../sdk/src/worker/store/openDatabase.js'

const [directory = '', workload, when, ...states] = process.argv.slice(2)

/** Ends the process before the second statement of a transition: the state is changed, the history is not written, nothing is durable. */
const midway: KyselyPlugin = {
  transformQuery: ({ node }) => {
    if (node.kind === 'InsertQueryNode') process.kill(process.pid, 'SIGKILL')
    return node
  },
  transformResult: ({ result }) => Promise.resolve(result),
}

const db = await openDatabase(directory)
const jobs = new JobStore(db, systemClock)
const last = states.pop() as JobState
let job = await jobs.add({ workload: workload as WorkloadId, seat: 1 }, false)
for (const state of states) job = await jobs.transition(job, state as JobState)
await (when === 'midway' ? new JobStore(db.withPlugin(midway), systemClock) : jobs).transition(job, last)
process.kill(process.pid, 'SIGKILL')
