import { expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { usePostgres } from '../support/databases.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { CHAIN_ID } from '../support/network/TestChain.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

/** What a run took here before. */
const RUN_SECONDS = 600
/** Time for one of them, and not for two one after the other. */
const MAX_RUN_TIME = 900
/** Time for one that begins within a minute. */
const SCARCE = 660

// A coordinator and its only runner are processes of their own.
describe('fleet: work in line', function () {
  this.timeout(600_000)
  const server = usePostgres()
  let network: TestNetwork | undefined
  let alice: Operator
  let boss: WorkerProcess
  let runner: WorkerProcess

  showWorkers(() => network?.workers)
  before(async () => {
    network = await TestNetwork.start(ROOMY)
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
    const place = { databaseUrl: server().url }
    // Only the test draws.
    const duties = { keeperDuties: ['settle', 'slash'] }
    boss = await network.startWorker(alice, { ...place, ...duties, roles: ['coordinator'], runtime: 'linux' })
    await said(boss, 'worker started')
    runner = await network.startRunner('only', { ...place, runs: 1 })
    await said(runner, 'runner started')
  })
  // None, where there is no server.
  after(() => network?.stop())

  /** A program of which a run is on record that took {@link RUN_SECONDS}; in truth it takes so many tenths of a second. */
  async function deployMeasured(network: TestNetwork, tenths: number): Promise<ProgramId> {
    const program = await network.deployGuest('hashcash', [String(tenths)])
    const schema = `worker_${CHAIN_ID}_${alice.wallet.address.toLowerCase()}`
    const db = await openDatabase({ url: server().url, schema })
    await new RunHistory(db, systemClock).add(program, RUN_SECONDS, RUN_SECONDS, 'ok')
    await db.destroy()
    return program
  }

  /** Draws a workload, and another one once the runner is at the first. */
  async function drawBehind({ chain, requester }: TestNetwork, first: WorkloadId, second: WorkloadId): Promise<void> {
    for (let block = 0; block < 4; block++) await chain.mine()
    await requester.assign({ workload: first })
    await runner.line((line) => line.message === 'task running' && line['workload'] === first)
    await requester.assign({ workload: second })
  }

  const begun = () =>
    runner.lines.flatMap(({ message, ...line }) => (message === 'task running' ? line['workload'] : []))

  it('a seat that is drawn while the only runner is busy declines at once what could not end behind its work', async () => {
    const net = network!
    const slow = await deployMeasured(net, 300)
    const first = await net.submit(slow, { maxRunTime: MAX_RUN_TIME })
    const second = await net.submit(slow, { maxRunTime: MAX_RUN_TIME })
    await drawBehind(net, first, second)
    const declined = await net.until(second, 'Declined')
    const revealed = await net.until(first, 'Revealed')
    expect(declined.at.block).to.be.lessThan(revealed.at.block)
    expect([revealed.args.seat, declined.args.seat]).to.have.members(alice.seats)
    const { why } = await said(boss, 'job declined')
    expect(why).to.match(/^a run takes 600 s here and other work takes \d+ s before it, more than is left$/)
    expect((await net.until(first, 'Finished')).args.outcome).to.equal('Proven')
    for (const workload of [first, second]) {
      const names = (await net.eventsOf(workload)).map(({ name }) => name)
      expect(names.filter((name) => name === 'Missed' || name === 'Failed' || name === 'Silent')).to.be.empty
    }
    expect(begun()).to.deep.equal([first])
  })

  it('what waits behind a run of unknown length is reported as soon as it cannot end any more, and no runner begins it', async () => {
    const net = network!
    const before = begun()
    // It never ran here, so nobody knows that it takes 100 s.
    const unknown = await net.deployGuest('hashcash', ['1000'])
    const measured = await deployMeasured(net, 1)
    const first = await net.submit(unknown, { maxRunTime: MAX_RUN_TIME })
    const second = await net.submit(measured, { maxRunTime: SCARCE })
    await drawBehind(net, first, second)
    const failed = await net.until(second, 'Failed')
    expect(failed.args.reason).to.equal('OutOfTime')
    const revealed = await net.until(first, 'Revealed')
    expect(failed.at.block).to.be.lessThan(revealed.at.block)
    await net.until(first, 'Finished')
    // The runner takes what comes next.
    const third = await net.submit(await net.deployGuest('hashcash'), { maxRunTime: MAX_RUN_TIME })
    for (let block = 0; block < 4; block++) await net.chain.mine()
    await net.requester.assign({ workload: third })
    await net.until(third, 'Revealed')
    expect(begun()).to.deep.equal([...before, first, third])
  })
})

function said(worker: WorkerProcess, message: string) {
  return worker.line((line) => line.message === message)
}
