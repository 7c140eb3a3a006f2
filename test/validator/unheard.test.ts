import { expect } from 'chai'

import { readEvents, type CommitteeEvent, type ProgramId, type WorkloadId } from '../../sdk/src/chain/index.js'
import { freePort } from '../support/freePort.js'
import { ask, samplesOf, scraped } from '../support/metrics.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

const WINDOW = 300
const COMMITTEE_EVENTS = ['JudgingOpened', 'CommitteeDrawn', 'Voted', 'VerdictReached', 'VerdictMissed'] as const

// Every event of a committee comes by way of an endpoint that leaves out what it likes; its state does not lie.
describe('validator: an endpoint that is silent about committees', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let judges: Operator
  let rpc: FaultyRpc
  let port: number

  before(async () => {
    network = await TestNetwork.start({ ...FAST, rules: { ...FAST.rules, verdictWindow: WINDOW, revealWindow: 120 } })
    program = await network.deployJudged()
    judges = await network.addValidator('judges', 7)
    const alice = await network.addOperator('alice')
    const worker = await network.startWorker(alice)
    await worker.line(({ message }) => message === 'worker started', 180)
    await network.chain.mineEvery(1)
  })
  beforeEach(async () => {
    rpc = await FaultyRpc.start(network.chain.url)
    port = await freePort()
  })
  afterEach(async () => {
    await rpc.stop()
  })
  after(async () => {
    await network.stop()
  })

  async function validator(): Promise<WorkerProcess> {
    const started = await network.startValidator(judges, { rpcUrl: rpc.url, observePort: port })
    await started.line(({ message }) => message === 'validator started', 180)
    return started
  }
  async function voted(workload: WorkloadId): Promise<number[]> {
    const found: CommitteeEvent<'Voted'>[] = []
    for await (const event of readEvents(network.contracts, { workload, names: ['Voted'] }))
      if (event.contract === 'committee' && event.name === 'Voted') found.push(event)
    return found.map(({ args }) => args.seat).sort((a, b) => a - b)
  }
  async function committed(): Promise<WorkloadId> {
    const workload = await network.submit(program)
    await network.until(workload, 'Committed', 300)
    await network.requester.release({ workload })
    return workload
  }
  const told = (): string[] =>
    COMMITTEE_EVENTS.map((name) => network.contracts.committee.interface.getEvent(name).topicHash)
  const hide = (...topics: readonly string[]): void => {
    rpc.hides = (log) => topics.includes(log.topics[0] ?? '')
    rpc.fault = 'leaves logs out'
  }

  it('never tells of a draw, nor of anything that a committee does: every seat answers all the same', async () => {
    hide(...told())
    const process = await validator()
    const workload = await committed()
    const { args } = await network.until(workload, 'VerdictReached', WINDOW)
    expect(args).to.include({ valid: 1 })
    expect(await voted(workload)).to.deep.equal(judges.seats)
    expect(rpc.hidden).to.be.greaterThan(0)
    expect(await process.stop(), process.tail()).to.equal(0)
  })

  it('tells neither of the draw nor of what was revealed: the validator says so, and judges once it can read it', async () => {
    hide(...told(), network.contracts.market.interface.getEvent('RevealedToCommittee').topicHash)
    const process = await validator()
    const workload = await committed()
    const said = await process.line(({ message }) => message.startsWith('a committee waits for a seat of ours'), WINDOW)
    expect(said).to.include({ level: 'error', workload })
    expect(said['seats']).to.have.members([...judges.seats])
    const { body } = await scraped(port, 'gevulot_committees_unheard 1')
    expect(samplesOf(body).get('gevulot_committees_unheard')).to.equal(1)
    expect((await ask(port, '/ready')).body).to.contain('committeeUnheard')
    expect(await voted(workload)).to.be.empty
    rpc.fault = 'none'
    await network.until(workload, 'VerdictReached', WINDOW)
    expect(await voted(workload)).to.deep.equal(judges.seats)
    const quiet = await scraped(port, 'gevulot_committees_unheard 0')
    expect(samplesOf(quiet.body).get('gevulot_committees_unheard')).to.equal(0)
    expect(await process.stop(), process.tail()).to.equal(0)
  })
})
