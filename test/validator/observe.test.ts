import { expect } from 'chai'

import type { EventBatch } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ValidatorMetrics } from '../../sdk/src/validator/observe/ValidatorMetrics.js'
import { VALIDATOR_METRICS } from '../../sdk/src/validator/observe/validatorMetricTable.js'
import { ask, freePort, samplesOf, scraped } from '../support/metrics.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'

const WINDOW = 150

describe('validator: health and metrics', () => {
  const samples = async (metrics: ValidatorMetrics) => samplesOf(await metrics.text())

  it('counts what the chain says of its own seats, and nothing from before the start', async () => {
    const metrics = new ValidatorMetrics(systemClock)
    const now = Math.floor(systemClock.now() / 1000)
    const event = (name: string, seat: number) => ({ name, contract: 'committee', args: { seat } })
    const batch = (time: number) =>
      ({
        ...{ kind: 'events', from: 1, to: { number: 2, hash: '0x' }, time, cursor: {} },
        events: [event('Voted', 1), event('Voted', 2), event('Voted', 9), event('VerdictMissed', 2)],
      }) as unknown as EventBatch
    metrics.onBatch(batch(now - 60), new Set([1, 2]))
    metrics.onBatch(batch(now + 60), new Set([1, 2]))
    const found = await samples(metrics)
    expect(found.get('gevulot_verdicts_total{end="answered"}')).to.equal(2)
    expect(found.get('gevulot_verdicts_total{end="missed"}')).to.equal(1)
  })

  it('says how judgings end', async () => {
    const metrics = new ValidatorMetrics(systemClock)
    metrics.onJudged('unable', 5)
    metrics.onJudged('verdict', 7)
    metrics.onContradicted()
    const found = await samples(metrics)
    expect(found.get('gevulot_judgings_total{outcome="unable"}')).to.equal(1)
    expect(found.get('gevulot_judging_seconds_count')).to.equal(1)
    expect(found.get('gevulot_judging_seconds_sum')).to.equal(7)
    expect(found.get('gevulot_verdicts_contradicted_total')).to.equal(1)
  })
})

describe('validator: metrics of a real validator', function () {
  this.timeout(600_000)
  let network: TestNetwork

  before(async () => {
    network = await TestNetwork.start({ ...FAST, rules: { ...FAST.rules, verdictWindow: WINDOW } })
  })
  after(async () => {
    await network.stop()
  })

  it('is ready, shows each figure, and counts a committee from the draw to the answer', async () => {
    const program = await network.deployJudged()
    const judges = await network.addValidator('judges', 7)
    const alice = await network.addOperator('alice')
    const observePort = await freePort()
    const validator = await network.startValidator(judges, { observePort })
    await network.startWorker(alice)
    for (const process of network.workers)
      await process.line(({ message }) => /^(worker|validator) started$/.test(message), 180)
    await network.chain.mineEvery(1)
    expect((await ask(observePort, '/live')).status).to.equal(200)

    const workload = await network.submit(program)
    await network.until(workload, 'Committed', 300)
    await network.requester.release({ workload })
    await network.until(workload, 'VerdictReached', 300)
    await scraped(observePort, 'gevulot_verdicts_total{end="answered"} 7')
    // The publisher looks for its receipt when it is its turn.
    const { body } = await scraped(observePort, 'gevulot_transactions_total{stage="verify",outcome="mined"}')
    expect((await ask(observePort, '/ready')).body).to.equal('{"ok":true,"why":[]}\n')
    for (const name of Object.keys(VALIDATOR_METRICS)) expect(body, name).to.contain(`# HELP ${name} `)
    const found = samplesOf(body)
    expect(found.get('gevulot_verdicts_total{end="answered"}')).to.equal(7)
    expect(found.get('gevulot_judgings_total{outcome="verdict"}')).to.equal(1)
    expect(found.get('gevulot_judging_seconds_count')).to.equal(1)
    expect(found.get('gevulot_transactions_total{stage="verify",outcome="mined"}'), body).to.be.greaterThan(0)
    expect(found.get('gevulot_gas_money')).to.be.within(1, 100)
    const quiet = samplesOf((await scraped(observePort, 'gevulot_committees_open 0')).body)
    expect(quiet.get('gevulot_committees_open')).to.equal(0)
    expect(quiet.get('gevulot_seats{status="Active"}')).to.equal(7)
    expect(body).not.to.contain(judges.wallet.privateKey.slice(2))
    expect(await validator.stop(), validator.tail()).to.equal(0)
  })

  it('refuses a port that is taken, and names the field', async () => {
    const judges = await network.addValidator('others')
    const port = Number(new URL(network.chain.url).port)
    const refused = await network.startValidator(judges, { observePort: port })
    expect(await refused.exited(), refused.tail()).to.equal(1)
    expect(refused.tail()).to.contain('observePort').and.to.contain('WORKER_CONFIG_INVALID')
  })
})
