import { expect } from 'chai'

import type { EventBatch } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ValidatorMetrics } from '../../sdk/src/validator/observe/ValidatorMetrics.js'
import { VALIDATOR_METRICS } from '../../sdk/src/validator/observe/validatorMetricTable.js'
import { freePort } from '../support/freePort.js'
import { ask, samplesOf, scraped } from '../support/metrics.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'

const WINDOW = 300
const OWN = new Set([1, 2])
const CURSOR = { start: 0, next: 0, checkpoints: [] }

interface Seen {
  readonly name: 'Voted' | 'VerdictMissed'
  readonly contract: 'committee'
  readonly args: object
}

function voted(workload: string, seat: number, name: Seen['name'] = 'Voted', attempt = 1): Seen {
  return { name, contract: 'committee', args: { workload, attempt, seat } }
}

function batch(block: number, time: number, events: readonly Seen[]): EventBatch {
  const at = { block, logIndex: 0 }
  return {
    ...{ kind: 'events', from: block, to: { number: block, hash: '0x' }, time, cursor: CURSOR },
    events: events.map((event) => ({ ...event, at })),
  } as unknown as EventBatch
}

describe('validator: health and metrics', () => {
  const samples = async (metrics: ValidatorMetrics) => samplesOf(await metrics.text())

  it('counts what the chain says of its own seats, and nothing from before the start', async () => {
    const metrics = new ValidatorMetrics(systemClock)
    const now = Math.floor(systemClock.now() / 1000)
    const told = [voted('0xa', 1), voted('0xa', 2), voted('0xa', 9), voted('0xb', 2, 'VerdictMissed')]
    metrics.onBatch(batch(2, now - 60, told), OWN)
    metrics.onBatch(batch(2, now + 60, told), OWN)
    const found = await samples(metrics)
    expect(found.get('gevulot_verdicts_total{end="answered"}')).to.equal(2)
    expect(found.get('gevulot_verdicts_total{end="missed"}')).to.equal(1)
  })

  it('counts a verdict once, however often its block is read: after a reorg, or because events were left out', async () => {
    const metrics = new ValidatorMetrics(systemClock)
    const now = Math.floor(systemClock.now() / 1000)
    const counted = async () => {
      const found = await samples(metrics)
      return ['answered', 'missed'].map((end) => found.get(`gevulot_verdicts_total{end="${end}"}`) ?? 0)
    }
    metrics.onBatch(batch(100, now, [voted('0xa', 1), voted('0xb', 1, 'VerdictMissed')]), OWN)
    metrics.onBatch({ kind: 'reorg', redoFrom: 99, because: 'replaced', cursor: CURSOR }, OWN)
    metrics.onBatch(batch(101, now, [voted('0xa', 1), voted('0xb', 1, 'VerdictMissed')]), OWN)
    metrics.onBatch(batch(101, now, [voted('0xa', 1)]), OWN)
    expect(await counted()).to.deep.equal([1, 1])
    // Another seat, another attempt and another workload are other verdicts, and so is another end of the same.
    metrics.onBatch(batch(102, now, [voted('0xa', 2), voted('0xa', 1, 'Voted', 2), voted('0xc', 1)]), OWN)
    metrics.onBatch(batch(103, now, [voted('0xc', 1, 'VerdictMissed')]), OWN)
    expect(await counted()).to.deep.equal([4, 2])
    // What is forgotten is not counted again either, if the chain is ever read from so far back.
    metrics.onBatch(batch(1_000_000, now, [voted('0xd', 1)]), OWN)
    metrics.onBatch(batch(102, now, [voted('0xa', 2), voted('0xc', 1)]), OWN)
    expect(await counted()).to.deep.equal([5, 2])
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

    // A reorg takes the receipt away with all seven answers; the validator brings them in again, and they are the same seven.
    await network.chain.mineEvery(0)
    const { provider } = network.chain
    const { at } = await network.until(workload, 'VerdictReached', 300)
    const newest = await provider.getBlockNumber()
    await provider.send('anvil_reorg', [newest - at.block + 1, []])
    await network.chain.mineEvery(1)
    const again = await network.until(workload, 'VerdictReached', 300)
    await scraped(observePort, 'gevulot_chain_reorgs_total 1')
    for (let head = 0; head < again.at.block + 2;) {
      head = samplesOf((await scraped(observePort, 'gevulot_chain_head')).body).get('gevulot_chain_head') ?? 0
    }
    const after = samplesOf((await ask(observePort, '/metrics')).body)
    expect(after.get('gevulot_verdicts_total{end="answered"}')).to.equal(7)
    expect(after.get('gevulot_verdicts_total{end="missed"}')).to.equal(0)
    expect(await validator.stop(), validator.tail()).to.equal(0)
  })

  it('works on without a port that is taken, and names the field', async () => {
    const judges = await network.addValidator('others')
    const observePort = Number(new URL(network.chain.url).port)
    const validator = await network.startValidator(judges, { observePort })
    const said = await validator.line(({ message }) => message.startsWith('a port cannot be opened yet'))
    expect(JSON.stringify(said)).to.contain('observePort): EADDRINUSE')
    await validator.line(({ message }) => message === 'validator started', 180)
    expect(await validator.stop(), validator.tail()).to.equal(0)
  })
})
