import { expect } from 'chai'

import type { Intake } from '../../sdk/src/aztec/adapter/Intake.js'
import { Pulse } from '../../sdk/src/aztec/adapter/Pulse.js'
import { BrokerClient } from '../../sdk/src/aztec/broker/BrokerClient.js'
import type { WireJob } from '../../sdk/src/aztec/broker/wire.js'
import type { Requester } from '../../sdk/src/aztec/network/Requester.js'
import { WalletRequester } from '../../sdk/src/aztec/network/WalletRequester.js'
import { JobBook } from '../../sdk/src/aztec/store/JobBook.js'
import { migrations } from '../../sdk/src/aztec/store/migrations.js'
import type { AztecSchema } from '../../sdk/src/aztec/store/schema.js'
import { contractError } from '../../sdk/src/chain/contractErrorOf.js'
import { chainError } from '../../sdk/src/errors/codes/chain.js'
import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { AdapterBench, until, type RunningAdapter } from '../support/aztec/AdapterBench.js'
import { JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'

const log = jsonLogger({ level: 'info', write: () => undefined, now: () => Date.now() })

// A broker that lost its memory and is told its jobs again, when their workloads are being cancelled already.
describe('aztec: jobs that a broker forgets and hands out again', function () {
  this.timeout(600_000)
  let bench: AdapterBench
  let broker: BrokerDouble
  let producer: Producer
  /** Lets provers go on. */
  let commit: () => void
  /** Lets cancels go on that a test holds up. */
  let refuse: () => void
  let refused: Promise<void>

  before(async () => {
    bench = await AdapterBench.start()
  })
  beforeEach(async () => {
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    producer = new Producer(broker.url)
    const gate = Promise.withResolvers<void>()
    commit = gate.resolve
    bench.provers.answer = (right) => gate.promise.then(() => right)
    ;({ promise: refused, resolve: refuse } = Promise.withResolvers<void>())
  })
  afterEach(async () => {
    commit()
    refuse()
    await bench.stopAdapters()
    await broker.stop()
  })
  after(async () => {
    await bench.stop()
  })

  /** An account that pays, whose cancels end as a test wants, and that is shown what provers deliver when the test wants. */
  async function payer(cancel: Requester['cancel'], isShown: () => boolean = () => true): Promise<Requester> {
    const client = await bench.client({})
    const wallet = new WalletRequester({ client, log, deposit: true, cacheDirectory: '/nowhere' })
    const deliveries = wallet.deliveries.bind(wallet)
    return Object.assign(wallet, {
      cancel,
      deliveries: (...args: Parameters<typeof deliveries>) => (isShown() ? deliveries(...args) : Promise.resolve([])),
    })
  }

  /** What the chain says once a prover has committed. */
  const refusal = async (): Promise<void> => {
    await refused
    throw contractError('CommitsExist', 'cancelling a workload', { commits: 1 })
  }

  /** An adapter whose job is forgotten, and whose workload is about to be cancelled. */
  async function forgetful(job: WireJob, requester: Requester) {
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url, { requester })
    const { workload } = await adapter.line('submitted')
    broker.forget()
    await adapter.line('a workload is cancelled: its jobs are over')
    expect(await adapter.outcomes()).to.deep.equal({ [job.id]: 'swept' })
    return { adapter, workload: workload as WorkloadId }
  }

  async function isCommitted(workload: WorkloadId): Promise<void> {
    commit()
    const client = await bench.client({})
    await until(async () => {
      const { slots } = await client.getWorkload({ workload })
      return slots.some(({ status }) => status === 'committed') ? true : undefined
    }, 'nobody has committed')
  }

  async function isPaidOnce(job: WireJob, adapter: RunningAdapter): Promise<void> {
    await until(
      async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
      () => `${job.id} is open\n${adapter.tail()}`,
    )
    expect(await adapter.workloads()).to.equal(1)
    const { attempts } = await adapter.db.selectFrom('jobs').select('attempts').executeTakeFirstOrThrow()
    expect(attempts).to.equal(0)
  }

  it('one that comes back before its workload can be cancelled no more is paid for once', async () => {
    let isShown = false
    const job = producer.job(1)
    const { adapter, workload } = await forgetful(job, await payer(refusal, () => isShown))
    await isCommitted(workload)
    await producer.enqueue(job)
    await adapter.line('a job is taken up again')
    refuse()
    await adapter.line('a workload can be cancelled no more')
    await systemClock.sleep(500)
    isShown = true
    await isPaidOnce(job, adapter)
  })

  it('one that comes back after that is paid for once', async () => {
    let isShown = false
    const job = producer.job(2)
    const { adapter, workload } = await forgetful(job, await payer(refusal, () => isShown))
    await isCommitted(workload)
    refuse()
    await adapter.line('a workload can be cancelled no more')
    await systemClock.sleep(500)
    await producer.enqueue(job)
    await adapter.line(/^a job is taken up again$|^a bundle is made$/)
    isShown = true
    await isPaidOnce(job, adapter)
    expect(adapter.lines.filter(({ message }) => message === 'a workload can be cancelled no more')).to.have.length(1)
  })

  it('a result that comes while nobody asks for it is kept for a job that comes back', async () => {
    const job = producer.job(3)
    const { adapter } = await forgetful(job, await payer(refusal))
    commit()
    await adapter.line('results are there')
    await until(
      async () => ((await adapter.db.selectFrom('bundles').select('state').executeTakeFirstOrThrow()).state === 'closed' ? true : undefined),
      'the bundle is open',
    ) // prettier-ignore
    expect(await adapter.outcomes()).to.deep.equal({ [job.id]: 'swept' })
    await producer.enqueue(job)
    await isPaidOnce(job, adapter)
  })

  it('a cancel that is under way is stopped when its job comes back', async () => {
    const job = producer.job(4)
    const waits: Requester['cancel'] = (_, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    const { adapter } = await forgetful(job, await payer(waits))
    await producer.enqueue(job)
    await adapter.line('a workload is wanted again')
    commit()
    await isPaidOnce(job, adapter)
  })

  it('a cancel that the account could not pay for is made once it can', async () => {
    const job = producer.job(7)
    const client = await bench.client({})
    let tries = 0
    const pays: Requester['cancel'] = async ({ workload }, signal) => {
      if (++tries < 3) throw chainError('CHAIN_GAS_FUNDS_LOW', 'cancelling a workload: the account has no gas money')
      await client.cancel({ workload: workload as WorkloadId, signal })
    }
    const { adapter, workload } = await forgetful(job, await payer(pays))
    await until(async () => {
      await bench.network.chain.pass(1)
      return (await client.getWorkload({ workload })).status === 'cancelled' ? true : undefined
    }, 'it is not cancelled')
    expect(tries).to.equal(3)
    expect(adapter.lines.filter(({ message }) => message === 'a workload could not be cancelled yet')).to.have.length(2)
  })

  it('a cancel that succeeds ends the bundle, as the chain says', async () => {
    const job = producer.job(6)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url)
    const workload = (await adapter.line('submitted'))['workload'] as WorkloadId
    await producer.cancel(job)
    const client = await bench.client({})
    await until(async () => {
      const now = await client.getWorkload({ workload })
      return now.status === 'cancelled' || (now.status === 'proving' && now.cancelFrom !== undefined) ? true : undefined
    }, 'nobody cancels')
    // What is asked for in the second of the draw counts from the next one.
    await bench.network.chain.pass(bench.network.parameters.rules.cancelDelay + 1)
    const bundle = await until(async () => {
      const now = await adapter.db.selectFrom('bundles').select(['state', 'why']).executeTakeFirstOrThrow()
      return now.state === 'closed' ? now : undefined
    }, 'it is open')
    expect(bundle.why).to.equal('the workload was cancelled')
    expect(await adapter.outcomes()).to.deep.equal({ [job.id]: 'settled' })
    expect(await adapter.workloads()).to.equal(1)
  })

  it('what is paid for is dropped when the broker has not known it for a while, and what is not at once', async () => {
    const db = await openEmbedded<AztecSchema>(undefined, migrations)
    try {
      const book = new JobBook(db, systemClock)
      const [paid, unpaid] = [producer.job(5), producer.job(5)]
      for (const { id } of [paid, unpaid]) {
        await book.take({
          ...{ id, type: 'PARITY_BASE', epoch: 5 },
          inputs: '',
          input_bytes: 0,
          started_at: Date.now(),
        })
      }
      const terms = { lane: 0, program: '', epoch: 5, type: 'PARITY_BASE', inputs: '', public_inputs: '' } as const
      await book.bundle({ ...terms, fee: '0', max_run_time: 60, redundancy: 1, deadline: 0 }, [paid.id])
      const client = new BrokerClient({ url: broker.url, clock: systemClock })
      const intake = { arriving: [], accept: () => undefined } as unknown as Intake
      const filter = { allowList: [16] }
      const pulse = new Pulse({ broker: client, book, intake, clock: systemClock, log, filter, heartbeatMs: 1_000 })
      const beat = async (times: number): Promise<readonly unknown[]> => {
        for (let time = 0; time < times; time++) await pulse.beat(new AbortController().signal)
        return [(await book.find(paid.id))?.outcome, (await book.find(unpaid.id))?.outcome]
      }
      expect(await beat(1)).to.deep.equal([null, 'swept'])
      await producer.enqueue(paid)
      expect(await beat(3)).to.deep.equal([null, 'swept'])
      // It is forgotten once more, and that begins anew.
      broker.forget()
      expect(await beat(3)).to.deep.equal([null, 'swept'])
      expect(await beat(3)).to.deep.equal(['swept', 'swept'])
    } finally {
      await db.destroy()
    }
  })
})
