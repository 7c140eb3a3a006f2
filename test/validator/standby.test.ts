import { join } from 'node:path'

import { expect } from 'chai'

import { readEvents, type CommitteeEvent, type ProgramId, type WorkloadId } from '../../sdk/src/chain/index.js'
import { usePostgres } from '../support/databases.js'
import { freePort } from '../support/freePort.js'
import { ask, samplesOf } from '../support/metrics.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'

const WINDOW = 300

// Two machines are two data directories here; what they share is the server. The judge's account has every seat of every committee.
describe('validator: on a database server', function () {
  this.timeout(600_000)
  const server = usePostgres()
  const started: TestNetwork[] = []
  let network: TestNetwork
  let program: ProgramId
  let judges: Operator

  before(async () => {
    network = await TestNetwork.start({ ...FAST, rules: { ...FAST.rules, verdictWindow: WINDOW } })
    started.push(network)
    program = await network.deployJudged()
    judges = await network.addValidator('judges', 7)
    const alice = await network.addOperator('alice')
    const worker = await network.startWorker(alice)
    await worker.line(({ message }) => message === 'worker started', 180)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    // None, where there is no server.
    for (const each of started) await each.stop()
  })

  const machine = (name: string, standby = false): Record<string, unknown> => ({
    ...{ databaseUrl: server().url, dataDirectory: join(judges.directory, name), standby },
  })
  async function votes(workload: WorkloadId): Promise<readonly CommitteeEvent<'Voted'>[]> {
    const found: CommitteeEvent<'Voted'>[] = []
    for await (const event of readEvents(network.contracts, { workload, names: ['Voted', 'Equivocated'] })) {
      expect(event.name).to.equal('Voted')
      if (event.contract === 'committee' && event.name === 'Voted') found.push(event)
    }
    return found
  }

  // The worst moment: the verdict is on record, its signature may have left, and the files are gone with the machine.
  it('a standby signs what the machine that died had on record, and judges nothing itself', async () => {
    const killed = 'test/support/validators/killed.ts'
    const dying = await network.startValidator(judges, machine('one'), killed, ['verdict recorded'])
    const workload = await network.submit(program)
    await network.until(workload, 'Committed', 300)
    await network.requester.release({ workload })
    expect(await dying.exited(), dying.tail()).to.equal('SIGKILL')
    expect(await votes(workload)).to.be.empty
    const second = await network.startValidator(judges, machine('two', true))
    await network.until(workload, 'VerdictReached', WINDOW)
    expect((await votes(workload)).map(({ args }) => args.valid)).to.deep.equal([1, 1, 1, 1, 1, 1, 1])
    expect(second.lines.filter(({ message }) => message === 'judging')).to.be.empty

    // While it acts nobody else does, and one that waits can be told to stop.
    const refused = await network.startValidator(judges, machine('one'))
    expect(await refused.exited(), refused.tail()).to.equal(1)
    expect(refused.tail()).to.contain('WORKER_LOCKED').and.to.not.contain('a-password')
    const observePort = await freePort()
    const waiting = await network.startValidator(judges, { ...machine('one', true), observePort })
    await waiting.line(({ message }) => message.startsWith('standing by'))
    expect((await ask(observePort, '/live')).status).to.equal(200)
    expect(await ask(observePort, '/ready')).to.include({ status: 503, body: '{"ok":false,"why":["standingBy"]}\n' })
    expect([...samplesOf((await ask(observePort, '/metrics')).body)]).to.deep.equal([['gevulot_standing_by', 1]])
    expect(await waiting.stop(), waiting.tail()).to.equal(0)
    expect(await second.stop(), second.tail()).to.equal(0)
  })

  it('a server that goes away ends the validator, and nothing is lost', async () => {
    const first = await network.startValidator(judges, machine('two'))
    await first.line(({ message }) => message === 'validator started', 180)
    await server().halt()
    expect(await first.exited(), first.tail()).to.equal(75)
    await server().resume()
    const again = await network.startValidator(judges, machine('two'))
    await again.line(({ message }) => message === 'validator started', 180)
    expect(await again.stop(), again.tail()).to.equal(0)
  })
})
