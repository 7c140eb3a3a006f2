import { readFile } from 'node:fs/promises'

import { expect } from 'chai'

import type { Lane } from '../../sdk/src/aztec/adapter/Lane.js'
import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { bundleProof, bundleStatement, readBundleProof } from '../../sdk/src/aztec/protocol/bundle.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import type { Runtime } from '../../sdk/src/runtime/Runtime.js'
import type { Verdict } from '../../sdk/src/runtime/RunOutcome.js'
import { AdapterBench, until } from '../support/aztec/AdapterBench.js'
import { JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'
import { fieldsOf, serialized } from '../support/aztec/proofForm.js'

const JUNK = Buffer.from('what no verifier comes to an end with')

/** The smallest thing that passes for a program; what it says, {@link judging} says. */
const ELF = Buffer.concat([
  ...[
    Buffer.from('7f454c4602010100', 'hex'),
    Buffer.alloc(8),
    Buffer.from('02003e0001000000', 'hex'),
    Buffer.alloc(40),
  ],
])

/** The same result with a proof that was made, with development parameters. */
function forgeable(simulated: Uint8Array, ids: readonly string[]): Uint8Array {
  const jobs = ids.map((id) => ({ id, type: 'PARITY_BASE' as const }))
  const made = fieldsOf(449, 5)
  const results = readBundleProof(jobs, simulated).map((result) => {
    const form = { fields: made, binary: Buffer.concat([result.publicInputs!, made]), said: 3, flag: 1 }
    return { ...result, proof: serialized(form), simulated: false, development: true as const }
  })
  return bundleProof(bundleStatement(jobs), results)
}

// Provers that answer with what cannot be judged, and a chain that goes back under what was sent to it.
describe('aztec: results that cannot be had, and workloads that are gone', function () {
  this.timeout(600_000)
  let bench: AdapterBench
  let broker: BrokerDouble
  let producer: Producer
  let lane: Lane
  /** Lets provers and verifiers go on that a test holds up. */
  let release: () => void = () => undefined

  before(async () => {
    bench = await AdapterBench.start()
    const client = await bench.client({})
    const spec = { name: 'verifier', role: 'verify', argv: ['/app/verify'] } as const
    const files = [{ path: 'verify', source: ELF, executable: true }]
    const resources = { cores: 1, memoryMiB: 64, outputMiB: 1 }
    const { digest } = await buildPackage({ ...spec, resources, files }, client.store!)
    const { program } = await client.deployProgram({ prover: `0x${'a3'.repeat(32)}`, verifierProgram: digest })
    lane = { ...bench.lane, program, redundancy: 2 }
  })
  beforeEach(async () => {
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    producer = new Producer(broker.url)
  })
  afterEach(async () => {
    release()
    bench.provers.answer = (right) => right
    await bench.stopAdapters()
    await broker.stop()
  })
  after(() => bench.stop())

  /** A sandbox in which the verifier says what `judge` says of the proof. */
  function judging(judge: (proof: Buffer) => Verdict | Promise<Verdict>): Runtime {
    return {
      name: 'bubblewrap',
      check: async () => ({ available: true, details: {} }),
      run: async ({ inputs }) => {
        const verdict = await judge(await readFile(inputs.find(({ name }) => name === 'proof')!.path))
        return { ...verdict, usage: { wallSeconds: 0, startSeconds: 0 }, log: '' }
      },
    }
  }

  async function fulfilled(job: ReturnType<Producer['job']>): Promise<void> {
    await until(
      async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
      `${job.id} is open`,
    )
  }

  it('a result that no verifier can judge keeps out none that is right', async () => {
    let runs = 0
    const [begun, both] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    release = () => [begun, both].forEach(({ resolve }) => resolve())
    const runtime = judging(async (proof) => {
      if (!proof.equals(JUNK)) return { kind: 'valid' }
      runs++
      begun.resolve()
      await both.promise
      return { kind: 'timeout' }
    })
    // Which of two is looked at first is chance. So it comes alone, and its first run lasts until the right one is there too.
    bench.provers.answer = (right, _, slot) => (slot === 0 ? JUNK : begun.promise.then(() => right))
    const job = producer.job(1)
    await producer.enqueue(job)
    const client = await bench.client({ runtime })
    const adapter = await bench.adapter(broker.url, { client, trust: 'program', lanes: [lane] })
    const workload = (await adapter.line('submitted'))['workload'] as WorkloadId
    const isThere = async () => ((await client.inbox!.list(workload)).length === 2 ? true : undefined)
    await until(isThere, 'they are not delivered')
    both.resolve()
    await fulfilled(job)
    expect(runs).to.be.greaterThan(0)
    expect(await adapter.workloads()).to.equal(1)
  })

  it('a verifier that never ends is run a few times, and what it ran on counts as refused', async () => {
    let runs = 0
    const runtime = judging(() => (runs++, { kind: 'crash' }))
    bench.provers.answer = (right, _, slot) => (slot === 0 ? right : undefined)
    const job = producer.job(2)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url, {
      ...{ client: await bench.client({ runtime }), trust: 'program', lanes: [{ ...lane, redundancy: 1 }] },
    })
    const line = await adapter.line('results are refused')
    expect(String(line['why'])).to.contain('no verdict 3 times')
    await systemClock.sleep(500)
    expect(runs).to.equal(3)
  })

  it('one bundle whose verifier takes its time holds up no other', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let isFirst = true
    const runtime = judging(async () => {
      if (isFirst) {
        isFirst = false
        await gate
      }
      return { kind: 'valid' }
    })
    const jobs = [producer.job(3), producer.job(4)]
    await producer.enqueue(...jobs)
    await bench.adapter(broker.url, {
      ...{ client: await bench.client({ runtime }), trust: 'program', lanes: [{ ...lane, redundancy: 1 }] },
    })
    const other = await until(async () => {
      for (const job of jobs) if ((await producer.status(job)).status === 'fulfilled') return job
      return undefined
    }, 'both are held up')
    open()
    for (const job of jobs.filter(({ id }) => id !== other.id)) await fulfilled(job)
  })

  it('what cannot be judged before its epoch is over ends with it', async () => {
    let ahead = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }
    // Its verifier is in no store.
    const client = await bench.client({ clock, runtime: judging(() => ({ kind: 'valid' })) })
    const job = producer.job(5)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url, { client, trust: 'program', lanes: [bench.lane] })
    await adapter.line(/^a bundle does not get on/)
    ahead = 3_700_000
    await adapter.line('a bundle ends without results')
    await until(async () => ((await adapter.outcomes())[job.id] === 'given-up' ? true : undefined), 'it is kept')
  })

  it('what proves nothing is refused where it was not asked for: simulated results, and those that anyone can forge', async () => {
    bench.provers.answer = (right, ids, slot) => (slot === 0 ? right : forgeable(right, ids))
    const job = producer.job(7)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url, { simulated: false, lanes: [{ ...bench.lane, redundancy: 2 }] })
    const reasons = await until(
      () => {
        const refused = adapter.lines.filter(({ message }) => message === 'results are refused')
        return refused.length === 2 ? refused.map((line) => String(line['why'])) : undefined
      },
      () => adapter.tail(),
    )
    expect(reasons.toSorted()).to.deep.equal([
      'they are simulated, and prove nothing',
      'they rest on parameters with which anyone can forge them',
    ])
    expect((await producer.status(job)).status).to.equal('in-progress')
  })

  it('a nonce that the chain is behind is not given up, and a workload that is gone is submitted again with its own', async () => {
    const provider = bench.network.chain.provider
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    release = open
    bench.provers.answer = () => gate.then(() => undefined)
    const job = producer.job(6)
    const other = await bench.client({})
    const before = (await other.getBalance()).nonce
    const snapshot = (await provider.send('evm_snapshot', [])) as string
    const { program } = bench.lane
    const terms = { program, maxRunTime: 600, inputs: { digest: `0x${'17'.repeat(32)}`, publicInputs: `0x${'18'.repeat(32)}` } } as const // prettier-ignore
    const { minimumFee: fee } = await other.quote(terms)
    const first = await other.submit({ ...terms, fee })
    const raw = await rawOf(first.transaction)
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url)
    const { workload } = await adapter.line('submitted')
    const [bundle] = await adapter.db.selectFrom('bundles').selectAll().execute()
    expect(bundle!.nonce).to.equal(before + 1)
    // Both are gone, and the one before comes back only later.
    await provider.send('evm_revert', [snapshot])
    await adapter.line('the chain is behind the nonce of a bundle')
    expect((await adapter.db.selectFrom('bundles').select('nonce').executeTakeFirst())!.nonce).to.equal(before + 1)
    await provider.send('eth_sendRawTransaction', [raw])
    await until(() => adapter.lines.filter(({ message }) => message === 'submitted')[1], 'it is not submitted again')
    expect(adapter.lines.filter(({ message }) => message === 'submitted').at(-1)!['workload']).to.equal(workload)
    expect((await other.getBalance()).nonce).to.equal(before + 2)
    expect(await adapter.workloads()).to.equal(1)

    async function rawOf(hash: string): Promise<string> {
      return (await provider.send('eth_getRawTransactionByHash', [hash])) as string
    }
  })
})
