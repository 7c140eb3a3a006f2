import { join } from 'node:path'

import { expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { nameAt, SEAT_STATUSES } from '../../sdk/src/chain/names.js'
import { runCli, type CliResult } from '../support/cli.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// A single decline a week, so that the second would drop the seat; and time for a person to answer in.
const PARAMETERS = {
  ...FAST,
  epochLength: 30,
  classes: FAST.classes.map((each) => ({ ...each, declineQuota: 1 })),
  rules: { ...FAST.rules, responseWindow: 60, silenceWindow: 300 },
}

const [HOUR, WEEK] = [3_600, 7 * 86_400]

/** The present, or an hour later if the week by which declines are counted ends before. */
function notAtTheEndOfAWeek(): number {
  const now = Math.floor(Date.now() / 1000)
  return now % WEEK < WEEK - HOUR ? now : now + HOUR
}

describe('worker: the quota of declines', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let worker: WorkerProcess

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(PARAMETERS, notAtTheEndOfAWeek())
    program = await network.deployGuest('hashcash')
    alice = await network.addOperator('alice')
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
  })

  const prover = (...words: string[]): Promise<CliResult> =>
    runCli(['prover', ...words, '--data', join(alice.directory, 'data')], { cwd: network.directory })
  const said = (message: string, workload: WorkloadId) =>
    worker.line((line) => line.message.startsWith(message) && line['workload'] === workload)

  async function seat() {
    const { status, declines } = await network.contracts.registry.seatOf(alice.seats[0]!)
    return { status: nameAt(SEAT_STATUSES, status), declines: Number(declines) }
  }

  it('what the worker does not want is declined once, then reported, and the seat stays', async () => {
    worker = await network.startWorker(alice, { denyPrograms: [program] })
    const first = await network.submit(program, { maxRunTime: 300 })
    await network.until(first, 'Declined')
    const second = await network.submit(program, { maxRunTime: 300 })
    expect((await network.until(second, 'Failed')).args.reason).to.equal('OutOfTime')
    await said('the seat has used up its declines of this week', second)
    const { why } = await said('job failed', second)
    expect(why).to.equal('the program is on the deny list; one more decline this week would drop the seat')
    expect(await seat()).to.deep.equal({ status: 'Active', declines: 1 })
    expect(await worker.stop()).to.equal(0)
  })

  it('the operator is told what its word costs, and has it', async () => {
    worker = await network.startWorker(alice, { mode: 'approve' })
    const workload = await network.submit(program, { maxRunTime: 600 })
    expect((await said('work waits for approval', workload))['declineDrops']).to.deep.equal(alice.seats)
    const warning = `Declining ${workload} drops seat ${alice.seats[0]}: it has used up its declines of this week.`
    expect((await prover('waiting')).stdout).to.contain(warning)
    const { stdout, code } = await prover('decline', workload)
    expect({ code }).to.deep.equal({ code: 0 })
    expect(stdout).to.contain(`This drops seat ${alice.seats[0]}: it had used up its declines of this week.`)
    await network.until(workload, 'Declined')
    await said('the operator declines above the quota of this week: the seat is dropped', workload)
    expect(await seat()).to.deep.equal({ status: 'Dropped', declines: 2 })
    expect(await worker.stop()).to.equal(0)
  })
})
