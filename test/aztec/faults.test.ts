import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { AdapterBench, until } from '../support/aztec/AdapterBench.js'
import { JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer, resultIn } from '../support/aztec/Producer.js'
import { MOST_ARRIVING } from '../../sdk/src/aztec/adapter/Intake.js'
import { inlineExchange } from '../../sdk/src/aztec/exchange/inlineExchange.js'
import type { ProofExchange } from '../../sdk/src/aztec/exchange/ProofExchange.js'
import { readResult } from '../../sdk/src/aztec/protocol/result.js'
import { aztecError } from '../../sdk/src/errors/codes/aztec.js'
import { BrokerClient } from '../../sdk/src/aztec/broker/BrokerClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { rejected } from '../support/rejected.js'

const filter = { allowList: [16] }

// What Aztec's own broker does not do by itself: lie, break off, be of another release.
describe('aztec: a broker that is not as it should be', function () {
  this.timeout(600_000)
  let bench: AdapterBench
  let broker: BrokerDouble
  let producer: Producer

  before(async () => {
    bench = await AdapterBench.start()
  })
  beforeEach(async () => {
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    producer = new Producer(broker.url)
  })
  afterEach(async () => {
    await bench.stopAdapters()
    await broker.stop()
  })
  after(async () => {
    await bench.stop()
  })

  const client = (options: object = {}): BrokerClient =>
    new BrokerClient({ url: broker.url, clock: systemClock, attempts: 2, retryDelayMs: 10, ...options })

  it('a broker of another release gets no answer but a complaint, and is served once it is upgraded', async () => {
    const right = broker.headers['x-aztec-l2CircuitsVkTreeRoot']!
    broker.headers['x-aztec-l2CircuitsVkTreeRoot'] = `0x${'12'.repeat(32)}`
    const error = await rejected(client().getJob(filter), 'AZTEC_VERSION_MISMATCH')
    expect(error.details).to.deep.include({ name: 'l2CircuitsVkTreeRoot', want: right })
    const job = producer.job(1)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url)
    await adapter.line(/^taking jobs does not get on/)
    expect(await adapter.outcomes()).to.deep.equal({})
    broker.headers['x-aztec-l2CircuitsVkTreeRoot'] = right
    await until(
      async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
      'it is not served',
    )
  })

  it('a cut connection, a server that fails and garbage are told apart', async () => {
    broker.faults.push(null)
    expect(await client().getJob(filter)).to.equal(undefined)
    broker.faults.push(null, null)
    await rejected(client().getJob(filter), 'AZTEC_BROKER_UNAVAILABLE')
    for (const garbage of [
      '<html>',
      '[]',
      '{"id":0,"result":{"job":{"id":7},"time":1}}',
      '{"id":0,"result":{}}',
      'null',
    ]) {
      broker.faults.push(garbage)
      await rejected(client().getJob(filter), 'AZTEC_BROKER_ANSWER_INVALID')
    }
    broker.faults.push(JSON.stringify({ id: 0, result: 'x'.repeat(5_000) }))
    await rejected(client({ maxAnswerBytes: 1_000 }).getJob(filter), 'AZTEC_BROKER_ANSWER_INVALID')
    await rejected(client().getJob({ allowList: [99] }), 'AZTEC_BROKER_REFUSED')
    broker.faults.push('{"id":0,"error":{"code":-32702,"message":"Duplicate proving job ID"}}')
    const refused = await rejected(client().getJob(filter), 'AZTEC_BROKER_REFUSED')
    expect(refused.message).to.contain('Duplicate proving job ID').and.contain('-32702')
  })

  it('a server that is too small for a result says so, and the result is not lost', async () => {
    await broker.stop()
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS, maxBodyBytes: 20_000 }).start()
    producer = new Producer(broker.url)
    const job = producer.job(1)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url)
    const line = await adapter.line('a job could not be reported yet')
    expect(JSON.stringify(line['error'])).to.contain('AZTEC_BROKER_REFUSED').and.contain('too large')
    // It is kept alive meanwhile: another agent would meet the same limit.
    await systemClock.sleep(JOB_TIMEOUT_MS + 500)
    expect((await producer.status(job)).status).to.equal('in-progress')
  })

  it('a job that was not asked for is left to its time-out, and counts as no attempt', async () => {
    const job = producer.job(1, 'ROOT_ROLLUP')
    broker.faults.push(JSON.stringify({ id: 0, result: { job, time: Date.now() } }))
    const adapter = await bench.adapter(broker.url)
    await adapter.line(/^the broker handed out a job that was not asked for/)
    expect(await adapter.outcomes()).to.deep.equal({})
    expect(broker.calls.filter(({ method }) => method === 'reportProvingJobError')).to.deep.equal([])
  })

  it('a job whose parts contradict each other is refused for good', async () => {
    const job = producer.job(1)
    const lies = [
      { ...job, type: 17 },
      { ...job, epochNumber: 2 },
      { ...job, id: '1:PARITY_BASE:xyz' },
      { ...job, id: `1:NO_SUCH_TYPE:${'0'.repeat(64)}` },
      { ...job, id: '1:PARITY_BASE:../../etc/passwd' },
    ]
    const adapter = await bench.adapter(broker.url)
    for (const [index, lie] of lies.entries()) {
      broker.faults.push(JSON.stringify({ id: 0, result: { job: lie, time: Date.now() } }))
      const reports = () => broker.calls.filter(({ method }) => method === 'reportProvingJobError')
      await until(() => (reports().length === index + 1 ? true : undefined), `${lie.id} is not refused`)
      expect(reports()[index]?.params.slice(0, 3)).to.satisfy(
        (said: unknown[]) => said[0] === lie.id && said[2] === false,
      )
    }
    expect(await adapter.outcomes()).to.deep.equal({})
  })

  it('one job of which the broker says nothing but errors hides no other', async () => {
    const [sick, other] = [producer.job(1), producer.job(1)]
    await producer.enqueue(sick, other)
    const adapter = await bench.adapter(broker.url, { lanes: [{ ...bench.lane, bundleWaitMs: 60_000 }] })
    await until(async () => (Object.keys(await adapter.outcomes()).length === 2 ? true : undefined), 'not taken')
    broker.refused.add(sick.id)
    await producer.cancel(other)
    await until(async () => ((await adapter.outcomes())[other.id] === 'settled' ? true : undefined), adapter.tail())
    expect((await adapter.outcomes())[sick.id]).to.equal(null)
  })

  it('a stored result that is damaged or gone is proven again, and the right one reported', async () => {
    let isAway = true
    const exchange: ProofExchange = {
      ...inlineExchange,
      save: (...args) =>
        isAway ? Promise.reject(aztecError('AZTEC_INPUTS_UNAVAILABLE', 'away')) : inlineExchange.save(...args),
    }
    const jobs = [producer.job(1), producer.job(1)]
    await producer.enqueue(...jobs)
    const adapter = await bench.adapter(broker.url, { exchange, attempts: 3 })
    const results = join(adapter.directory, 'results')
    const names = await until(async () => {
      const found = await readdir(results).catch(() => [])
      return found.length === 2 && (await adapter.db.selectFrom('jobs').select('result').execute()).every(({ result }) => result !== null) ? found : undefined // prettier-ignore
    }, 'not proven')
    await rm(join(results, names[0]!))
    await chmod(join(results, names[1]!), 0o644)
    await writeFile(join(results, names[1]!), '{"type":16}')
    isAway = false
    for (const job of jobs) {
      const now = await until(async () => {
        const status = await producer.status(job)
        return status.status === 'fulfilled' ? status : undefined
      }, `${job.id} is open`, 60) // prettier-ignore
      expect(resultIn(now).type).to.equal(job.type)
      readResult('PARITY_BASE', resultIn(now).result)
    }
    expect(broker.calls.filter(({ method }) => method === 'reportProvingJobError')).to.deep.equal([])
  })

  it('holds the inputs of a few jobs at a time, however many slots there are', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let [now, most] = [0, 0]
    const exchange: ProofExchange = {
      ...inlineExchange,
      load: async (...args) => {
        most = Math.max(most, ++now)
        await gate
        now--
        return inlineExchange.load(...args)
      },
    }
    const jobs = Array.from({ length: MOST_ARRIVING + 9 }, () => producer.job(1))
    await producer.enqueue(...jobs)
    const adapter = await bench.adapter(broker.url, { exchange, slots: 64 })
    await until(() => (now === MOST_ARRIVING ? true : undefined), 'they do not come')
    const asked = broker.calls.filter(({ method }) => method === 'getProvingJob').length
    await systemClock.sleep(500)
    expect(broker.calls.filter(({ method }) => method === 'getProvingJob')).to.have.length(asked)
    open()
    await until(async () => (Object.keys(await adapter.outcomes()).length === jobs.length ? true : undefined), 'some are not taken', 60) // prettier-ignore
    expect(most).to.equal(MOST_ARRIVING)
  })

  it('counts what it does, by type of job', async () => {
    const jobs = [producer.job(1), producer.job(1, 'PUBLIC_VM')]
    await producer.enqueue(...jobs)
    const adapter = await bench.adapter(broker.url)
    for (const job of jobs) {
      await until(
        async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
        `${job.id} is open`,
      )
    }
    await until(async () => (Object.values(await adapter.outcomes()).every((how) => how === 'reported') ? true : undefined), 'open') // prettier-ignore
    const text = await adapter.metrics.text()
    for (const type of ['PARITY_BASE', 'PUBLIC_VM']) {
      expect(text).to.contain(`gevulot_aztec_taken_total{type="${type}"} 1`)
      expect(text).to.contain(`gevulot_aztec_reported_total{type="${type}"} 1`)
      expect(text).to.contain(`gevulot_aztec_bundle_jobs_total{type="${type}"} 1`)
    }
    expect(adapter.metrics.obstacles(60)).to.deep.equal({ brokerUnseen: false })
  })
})
