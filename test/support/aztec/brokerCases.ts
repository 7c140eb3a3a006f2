import { expect } from 'chai'

import { BrokerClient } from '../../../sdk/src/aztec/broker/BrokerClient.js'
import { parseJobId } from '../../../sdk/src/aztec/protocol/JobId.js'
import { JOB_TYPES, type JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { readResult } from '../../../sdk/src/aztec/protocol/result.js'
import type { JobStatus, WireJob } from '../../../sdk/src/aztec/broker/wire.js'
import { systemClock } from '../../../sdk/src/clock.js'
import { until, type AdapterBench } from './AdapterBench.js'
import { malformed } from './malformed.js'
import { resultIn, type Producer } from './Producer.js'

/** What a case works with: a broker, ours or the real one, and everything behind the adapter. */
export interface BrokerCase {
  readonly url: string
  readonly producer: Producer
  readonly bench: AdapterBench
  /** An epoch that no case has used. */
  readonly epoch: number
  /** Ends the broker and starts it again at the same address, without its memory. */
  readonly restartBroker: () => Promise<void>
}

/** The broker's time-out of a job in these cases. */
export const JOB_TIMEOUT_MS = 1_500

async function fulfilled(producer: Producer, job: WireJob, seconds?: number): Promise<JobStatus> {
  return until(
    async () => {
      const status = await producer.status(job)
      return status.status === 'fulfilled' ? status : undefined
    },
    `${job.id} is ${JSON.stringify(await producer.status(job)).slice(0, 200)}`,
    seconds,
  )
}

async function rightResult(producer: Producer, job: WireJob): Promise<void> {
  const { type, result } = resultIn(await fulfilled(producer, job))
  expect(type).to.equal(job.type)
  readResult(parseJobId(job.id).type, result)
}

/** Why a job is rejected, once it is. */
async function rejection(producer: Producer, job: WireJob): Promise<string> {
  return until(async () => {
    const now = await producer.status(job)
    return now.status === 'rejected' ? now.reason : undefined
  }, `${job.id} is not rejected`)
}

const wait = (ms: number): Promise<void> => systemClock.sleep(ms)

/** The cases, each with what it shows. They run against the double in `npm test` and against Aztec's own broker in `npm run test:aztec`. */
export const BROKER_CASES: Readonly<Record<string, (parts: BrokerCase) => Promise<void>>> = {
  async 'every type that is served goes round, and its result decodes'({ url, producer, bench, epoch }) {
    const jobs = bench.lane.types.filter((type) => type !== 'PARITY_ROOT').map((type) => producer.job(epoch, type))
    await producer.enqueue(...jobs)
    await bench.adapter(url)
    for (const job of jobs) await rightResult(producer, job)
  },

  async 'jobs that come together are one workload'({ url, producer, bench, epoch }) {
    const jobs = Array.from({ length: 7 }, () => producer.job(epoch))
    await producer.enqueue(...jobs)
    const lanes = [{ ...bench.lane, bundleJobs: jobs.length, bundleWaitMs: 60_000 }]
    const adapter = await bench.adapter(url, { lanes })
    for (const job of jobs) await rightResult(producer, job)
    expect(await adapter.workloads()).to.equal(1)
  },

  async 'a job that takes longer than the time-out stays assigned'({ url, producer, bench, epoch }) {
    const job = producer.job(epoch)
    bench.provers.answer = async (right) => {
      await wait(2 * JOB_TIMEOUT_MS)
      return right
    }
    await producer.enqueue(job)
    const adapter = await bench.adapter(url)
    await adapter.line('a job is taken')
    for (const end = Date.now() + 2 * JOB_TIMEOUT_MS; Date.now() < end; await wait(100)) {
      expect(await producer.take('PARITY_BASE')).to.equal(undefined)
    }
    await rightResult(producer, job)
  },

  async 'an adapter that is stopped while provers work goes on where it was, and pays once'({
    url,
    producer,
    bench,
    epoch,
  }) {
    const jobs = Array.from({ length: 3 }, () => producer.job(epoch))
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    bench.provers.answer = (right) => gate.then(() => right)
    await producer.enqueue(...jobs)
    const lanes = [{ ...bench.lane, bundleJobs: jobs.length, bundleWaitMs: 60_000 }]
    const adapter = await bench.adapter(url, { lanes })
    await adapter.line('submitted')
    await adapter.stop()
    open()
    adapter.start()
    for (const job of jobs) await rightResult(producer, job)
    await until(
      async () => (Object.values(await adapter.outcomes()).every((how) => how === 'reported') ? true : undefined),
      'not all are reported',
    )
    expect(await adapter.workloads()).to.equal(1)
  },

  async 'stopped between proof and report, it reports after the restart without another workload'({
    url,
    producer,
    bench,
    epoch,
  }) {
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await bench.adapter(url)
    await adapter.line('submitted')
    await adapter.stop()
    adapter.start()
    await rightResult(producer, job)
    expect(await adapter.workloads()).to.equal(1)
  },

  async 'a lost adapter loses its jobs to another agent, whose result counts'({ url, producer, bench, epoch }) {
    const job = producer.job(epoch)
    bench.provers.answer = () => undefined
    await producer.enqueue(job)
    const adapter = await bench.adapter(url, { lanes: [{ ...bench.lane, bundleWaitMs: 60_000 }] })
    await adapter.line('a job is taken')
    await adapter.stop()
    const again = await until(() => producer.take('PARITY_BASE'), 'the job was not queued again')
    expect(again.job.id).to.equal(job.id)
    await producer.report('Success', [job.id, 'data:text/plain,theirs'])
    adapter.start()
    await until(async () => ((await adapter.outcomes())[job.id] === 'settled' ? true : undefined), 'it does not notice')
    expect(await adapter.workloads()).to.equal(0)
  },

  async 'a job that an older agent takes back is left to it before it is paid for'({ url, producer, bench, epoch }) {
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const older = (await producer.take('PARITY_BASE'))!
    await wait(JOB_TIMEOUT_MS + 500)
    // With its one slot taken it asks for nothing, so its heartbeat is what is answered with another job.
    const adapter = await bench.adapter(url, { slots: 1, lanes: [{ ...bench.lane, bundleWaitMs: 10_000 }] })
    await adapter.line('a job is taken')
    await producer.report('Progress', [job.id, older.time])
    const other = producer.job(epoch)
    await producer.enqueue(other)
    await until(async () => ((await adapter.outcomes())[job.id] === 'given-up' ? true : undefined), 'it keeps the job')
    await producer.report('Success', [job.id, 'data:text/plain,theirs'])
    await rightResult(producer, other)
    expect(Object.keys(await adapter.outcomes())).to.have.members([job.id, other.id])
    expect(await adapter.workloads()).to.equal(1)
  },

  async 'two adapters share a broker and prove each job once'({ url, producer, bench, epoch }) {
    const lanes = [{ ...bench.lane, bundleJobs: 2 }]
    const before = bench.provers.bundles.length
    await bench.adapter(url, { lanes, slots: 3 })
    await bench.adapter(url, { lanes, slots: 3 })
    const jobs = Array.from({ length: 9 }, () => producer.job(epoch))
    await producer.enqueue(...jobs)
    for (const job of jobs) await rightResult(producer, job)
    const proven = bench.provers.bundles.slice(before).flat()
    expect(proven.toSorted()).to.deep.equal(jobs.map(({ id }) => id).toSorted())
  },

  async 'a broker that lost its memory gets the results again, without another workload'({
    url,
    producer,
    bench,
    epoch,
    restartBroker,
  }) {
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await bench.adapter(url)
    await rightResult(producer, job)
    await adapter.line('a result is reported')
    await restartBroker()
    await producer.enqueue(job)
    await rightResult(producer, job)
    expect(await adapter.workloads()).to.equal(1)
  },

  async 'a broker that is gone for a while finds its jobs at work'({ url, producer, bench, epoch, restartBroker }) {
    const job = producer.job(epoch)
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    bench.provers.answer = (right) => gate.then(() => right)
    await producer.enqueue(job)
    const adapter = await bench.adapter(url)
    await adapter.line('submitted')
    await restartBroker()
    await producer.enqueue(job)
    open()
    await rightResult(producer, job)
    expect(await adapter.workloads()).to.equal(1)
  },

  async 'jobs of a swept epoch are dropped, and nobody pays for them any more'({ url, producer, bench, epoch }) {
    const old = producer.job(epoch)
    await producer.enqueue(old)
    const adapter = await bench.adapter(url, { lanes: [{ ...bench.lane, bundleWaitMs: 10_000 }] })
    await adapter.line('a job is taken')
    const next = producer.job(epoch + 2)
    await producer.enqueue(next)
    await until(async () => ((await adapter.outcomes())[old.id] === 'swept' ? true : undefined), 'it is not dropped')
    await rightResult(producer, next)
    expect(await adapter.workloads()).to.equal(1)
    expect((await producer.status(old)).status).to.equal('not-found')
  },

  async 'a cancelled job is dropped'({ url, producer, bench, epoch }) {
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await bench.adapter(url, { lanes: [{ ...bench.lane, bundleWaitMs: 60_000 }] })
    await adapter.line('a job is taken')
    await producer.cancel(job)
    await until(async () => ((await adapter.outcomes())[job.id] === 'settled' ? true : undefined), 'it is not dropped')
    expect(await producer.status(job)).to.deep.equal({ status: 'rejected', reason: 'Aborted' })
  },

  async 'garbage from the network is never reported, and the job is proven by the next workload'({
    url,
    producer,
    bench,
    epoch,
  }) {
    const spoilt = new Map<string, string>()
    bench.provers.answer = (right, ids) => {
      const [id = ''] = ids
      const name = Object.keys(malformed)[spoilt.size]
      if (spoilt.has(id) || name === undefined) return right
      spoilt.set(id, name)
      return malformed[name]!(right)
    }
    const adapter = await bench.adapter(url, { attempts: 20, lanes: [{ ...bench.lane, bundleJobs: 1 }] })
    const refusals = () => adapter.lines.filter(({ message }) => message === 'results are refused')
    for (const [index, name] of Object.keys(malformed).entries()) {
      const job = producer.job(epoch)
      await producer.enqueue(job)
      await until(() => spoilt.get(job.id), `${name}: it is not proven`)
      await until(() => refusals()[index], `${name}: it is not refused`)
      expect((await producer.status(job)).status, name).to.equal('in-progress')
      // Its time passes, so that it ends without a valid result.
      await bench.network.chain.pass(2_000)
      await rightResult(producer, job)
    }
    expect(refusals()).to.have.length(Object.keys(malformed).length)
  },

  async 'what the network cannot prove is handed back for another try, and fails with the third'({
    url,
    producer,
    bench,
    epoch,
  }) {
    const job = producer.job(epoch)
    bench.provers.answer = () => {
      void endSoon(bench)
      return undefined
    }
    await producer.enqueue(job)
    await bench.adapter(url, { attempts: 1 })
    expect(await rejection(producer, job)).to.match(/^no result after 1 workloads/)
  },

  async 'inputs that cannot be right fail at once'({ url, producer, bench, epoch }) {
    const [first, other] = [producer.job(epoch), producer.job(epoch)]
    const wrong = { ...first, inputsUri: other.inputsUri }
    await producer.enqueue(wrong)
    const adapter = await bench.adapter(url)
    await adapter.line('a job is refused')
    expect(await rejection(producer, wrong)).to.match(/another sha-256/)
    expect(await adapter.workloads()).to.equal(0)
  },

  async 'no more jobs are taken than there are slots'({ url, producer, bench, epoch }) {
    const jobs = Array.from({ length: 6 }, () => producer.job(epoch))
    await producer.enqueue(...jobs)
    let most = 0
    bench.provers.answer = (right, ids) => {
      most = Math.max(most, ids.length)
      return right
    }
    await bench.adapter(url, { slots: 2 })
    for (const job of jobs) await rightResult(producer, job)
    expect(most).to.be.at.most(2)
  },

  async 'without a budget nothing is taken, and other agents are served'({ url, producer, bench, epoch }) {
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await bench.adapter(url, { budget: { perEpoch: 0n, perDay: 0n } })
    await adapter.line(/^the budget of 24 hours is used up/)
    expect((await producer.take('PARITY_BASE'))?.job.id).to.equal(job.id)
  },

  async 'what the budget of an epoch does not cover is left to other agents, as no attempt'({
    url,
    producer,
    bench,
    epoch,
  }) {
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await bench.adapter(url, { budget: { perEpoch: 1n, perDay: 10n ** 24n } })
    await adapter.line('jobs are given up')
    const again = await until(() => producer.take('PARITY_BASE'), 'it was not queued again')
    expect(again.job.id).to.equal(job.id)
    expect(await adapter.outcomes()).to.deep.equal({ [job.id]: 'given-up' })
    expect(await adapter.workloads()).to.equal(0)
  },

  async 'a type that no lane serves stays in the queue'({ url, producer, bench, epoch }) {
    const [served, other] = [producer.job(epoch), producer.job(epoch, 'ROOT_ROLLUP')]
    await producer.enqueue(served, other)
    await bench.adapter(url)
    await rightResult(producer, served)
    expect((await producer.status(other)).status).to.equal('in-queue')
  },

  async 'the client knows what every call answers'({ url, producer, epoch }) {
    const client = new BrokerClient({ url, clock: systemClock })
    const all: JobTypeName = 'TX_MERGE_ROLLUP'
    const filter = { allowList: [JOB_TYPES[all].type] }
    expect(await client.getJob(filter)).to.equal(undefined)
    const [first, second] = [producer.job(epoch, all), producer.job(epoch, all)]
    await producer.enqueue(first, second)
    const taken = (await client.getJob(filter))!
    expect(taken.job).to.deep.equal(first)
    // A heartbeat with the broker's own time keeps it, one with a later time is another agent's.
    const [kept] = await client.reportProgress([{ id: first.id, startedAt: taken.time }], filter)
    expect(kept).to.equal(undefined)
    const [other] = await client.reportProgress([{ id: first.id, startedAt: taken.time + 1 }], filter)
    expect(other?.job.id).to.equal(second.id)
    const unknown = { ...first, id: first.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }
    const statuses = await client.statusOf([first.id, second.id, unknown.id])
    expect(statuses.map((one) => one?.status)).to.deep.equal(['in-progress', 'in-progress', 'not-found'])
    expect(await client.reportError(first.id, 'one', true, filter)).to.equal(undefined)
    expect((await client.getJob(filter))?.job.id).to.equal(first.id)
    await client.reportError(first.id, 'two', true, filter)
    await client.reportError(first.id, 'three', true, filter)
    expect(await producer.status(first)).to.deep.equal({ status: 'rejected', reason: 'three' })
    // It believes the first report, whatever it says.
    await client.reportSuccess(second.id, 'garbage', filter)
    await client.reportSuccess(second.id, 'more garbage', filter)
    expect(await producer.status(second)).to.deep.equal({ status: 'fulfilled', value: 'garbage' })
  },
}

/** Lets a workload's time pass, so that it ends without a valid result. */
async function endSoon({ network }: AdapterBench): Promise<void> {
  await wait(500)
  await network.chain.pass(2_000)
}
