import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { loadAztecConfig } from '../../sdk/src/aztec/config/AztecConfig.js'
import { openProxyRequester } from '../../sdk/src/aztec/config/openRequester.js'
import { aztecError } from '../../sdk/src/errors/codes/aztec.js'
import { systemClock } from '../../sdk/src/clock.js'
import type { Runtime } from '../../sdk/src/runtime/Runtime.js'
import type { WorkloadId } from '../../sdk/src/chain/index.js'
import type { WireJob } from '../../sdk/src/aztec/broker/wire.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { idleSeat, prover } from '../support/network.js'
import { rejected } from '../support/rejected.js'
import { until, type RunningAdapter } from '../support/aztec/AdapterBench.js'
import { JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'
import { ProxyBench } from '../support/aztec/ProxyBench.js'

// An adapter that has neither account nor chain: a real API server submits and pays, within the limits of its key.
describe('aztec: an adapter that pays by a proxy', function () {
  this.timeout(600_000)
  let proxy: ProxyBench
  let broker: BrokerDouble
  let producer: Producer
  let epoch = 1
  /** Lets provers go on that a test holds up. */
  let release: () => void = () => undefined

  before(async () => {
    proxy = await ProxyBench.start()
  })
  beforeEach(async () => {
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    producer = new Producer(broker.url)
    proxy.bench.provers.answer = (right) => right
    epoch += 10
  })
  afterEach(async () => {
    release()
    await proxy.bench.stopAdapters()
    await broker.stop()
  })
  after(() => proxy.stop())

  async function fulfilled(jobs: readonly WireJob[], adapter: RunningAdapter): Promise<void> {
    for (const job of jobs) {
      await until(
        async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
        `${job.id} is open\n${adapter.tail()}`,
        60,
      )
    }
  }
  const errors = () => broker.calls.filter(({ method }) => method === 'reportProvingJobError')

  it('what an adapter that was killed has not finished of a package is removed when it starts', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'gevulot-aztec-proxy-'))
    try {
      const { apiKey } = await proxy.server.as()
      const dataDirectory = join(directory, 'data')
      const packages = join(dataDirectory, 'packages', 'packages')
      await mkdir(join(packages, `${'0'.repeat(64)}.1.abc.tmp`), { recursive: true })
      const lanes = [{ program: `0x${'77'.repeat(32)}`, types: ['PARITY_BASE'] }]
      const config = await loadAztecConfig(undefined, {
        ...{ GEVULOT_AZTEC_BROKER_URL: broker.url, GEVULOT_AZTEC_API_URL: proxy.server.url },
        ...{ GEVULOT_AZTEC_API_KEY_FILE: join(directory, 'key'), GEVULOT_AZTEC_DATA_DIRECTORY: dataDirectory },
        ...{ GEVULOT_AZTEC_LANES: JSON.stringify(lanes), GEVULOT_AZTEC_TRUST: 'form' },
        ...{ GEVULOT_AZTEC_BUDGET_PER_EPOCH: '1', GEVULOT_AZTEC_BUDGET_PER_DAY: '1' },
      })
      expect(config.cacheMiB).to.equal(16_384)
      const log = jsonLogger({ level: 'info', write: () => undefined, now: () => 0 })
      await openProxyRequester(config, { clock: systemClock, log, key: new Secret(apiKey) })
      expect(await readdir(packages)).to.deep.equal([])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('jobs go round, the server pays, and the account of the key says what for', async () => {
    const { api, requester } = await proxy.customer()
    const today = (): string => new Date().toISOString().slice(0, 10)
    const first = today()
    const jobs = [producer.job(epoch), producer.job(epoch), producer.job(epoch, 'CHECKPOINT_PADDING_ROLLUP'), producer.job(epoch, 'PUBLIC_VM')] // prettier-ignore
    await producer.enqueue(...jobs)
    const before = await proxy.submitted()
    const adapter = await proxy.bench.adapter(broker.url, { requester })
    await fulfilled(jobs, adapter)
    const workloads = await adapter.workloads()
    expect((await proxy.submitted()) - before).to.equal(workloads)
    const { requests, fees, uploads, days } = await api.getAccount({})
    const bundles = await adapter.db.selectFrom('bundles').select('fee').execute()
    expect(requests).to.deep.equal({ accepted: 0, submitted: workloads, refused: 0, cancelled: 0 })
    expect(fees).to.equal(String(bundles.reduce((sum, { fee }) => sum + BigInt(fee), 0n)))
    // One, but at midnight.
    expect(days.length).to.be.at.most(new Set([first, today()]).size)
    const sums = {
      requests: days.reduce((sum, { requests }) => sum + requests, 0),
      fees: String(days.reduce((sum, { fees }) => sum + BigInt(fees), 0n)),
    }
    expect(sums).to.deep.equal({ requests: workloads, fees })
    expect(uploads.bytes).to.be.greaterThan(8_224 * 2)
    const { spendPerDay, spendLeft } = await api.getAllowance({})
    expect(BigInt(spendPerDay) - BigInt(spendLeft)).to.equal(BigInt(fees))
    // One key's sealed results and requests are no other's.
    const other = await proxy.customer()
    const [bundle] = await adapter.db.selectFrom('bundles').select('request').execute()
    const request = bundle!.request!
    expect((await api.listSealedProofs({ request })).sealed).to.have.length(1)
    await rejected(other.api.listSealedProofs({ request }), 'API_NOT_FOUND')
    expect((await other.api.getAccount({})).requests.submitted).to.equal(0)
  })

  it('whichever side is stopped in the middle, nothing is paid twice', async () => {
    const { api, requester } = await proxy.customer()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    proxy.bench.provers.answer = (right) => gate.then(() => right)
    const jobs = [producer.job(epoch), producer.job(epoch)]
    await producer.enqueue(...jobs)
    const before = await proxy.submitted()
    const lanes = [{ ...proxy.bench.lane, bundleJobs: jobs.length, bundleWaitMs: 60_000 }]
    const adapter = await proxy.bench.adapter(broker.url, { requester, lanes })
    await adapter.line('submitted')
    await adapter.stop()
    await proxy.pause()
    adapter.start()
    await adapter.line(/^(taking jobs does not get on|a bundle does not get on)/)
    await proxy.resume()
    open()
    await fulfilled(jobs, adapter)
    expect((await proxy.submitted()) - before).to.equal(1)
    expect((await api.getAccount({})).requests.submitted).to.equal(1)
    expect(errors()).to.deep.equal([])
  })

  it('an answer that is lost is asked for again, and the request is known', async () => {
    let lost = 0
    const around =
      (inner: typeof fetch): typeof fetch =>
      async (target, request) => {
        const response = await inner(target, request)
        if (request?.method !== 'POST' || lost >= 3) return response
        lost++
        throw new TypeError('the connection broke')
      }
    const { api, requester } = await proxy.customer({}, { around })
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const before = await proxy.submitted()
    const adapter = await proxy.bench.adapter(broker.url, { requester })
    await fulfilled([job], adapter)
    expect(lost).to.equal(3)
    expect((await proxy.submitted()) - before).to.equal(1)
    expect((await api.listRequests({})).requests).to.have.length(1)
  })

  it('what the limits of the key do not cover is left to other agents, as no attempt, and nothing more is taken', async () => {
    const { program } = proxy.bench.lane
    const { api: rich } = await proxy.customer()
    const { minimumFee } = await rich.getQuote({ program, maxRunTime: 600, redundancy: 1 })
    const { api, requester } = await proxy.customer({ spendPerDay: String(BigInt(minimumFee) / 100n) })
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await proxy.bench.adapter(broker.url, { requester })
    const line = await adapter.line('jobs are given up')
    expect(String(line['why'])).to.match(/limit of the API key is reached \(the fee is/)
    await adapter.line(/^a limit of the API key is reached .*: no jobs are taken$/)
    const again = await until(() => producer.take('PARITY_BASE'), 'it was not queued again')
    expect(again.job.id).to.equal(job.id)
    expect(await adapter.outcomes()).to.deep.equal({ [job.id]: 'given-up' })
    expect(await adapter.workloads()).to.equal(0)
    expect(errors()).to.deep.equal([])
    expect((await api.getAccount({})).fees).to.equal('0')
  })

  it('a key that may ask for nothing takes nothing', async () => {
    for (const limits of [{ requestsPerDay: 0 }, { spendPerDay: '0' }, { uploadPerDay: 1_000 }]) {
      const { requester } = await proxy.customer(limits)
      const job = producer.job(epoch)
      await producer.enqueue(job)
      const adapter = await proxy.bench.adapter(broker.url, { requester })
      await adapter.line(/^the limit of the API key for (requests|fees|content) is used up: no jobs are taken$/)
      expect((await producer.take('PARITY_BASE'))?.job.id).to.equal(job.id)
      await producer.report('Success', [job.id, 'data:text/plain,theirs'])
      await proxy.bench.stopAdapters()
    }
  })

  it('a workload that nobody wants any more is cancelled at the server', async () => {
    const { api, requester } = await proxy.customer()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    proxy.bench.provers.answer = (right) => gate.then(() => right)
    release = open
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await proxy.bench.adapter(broker.url, { requester })
    await adapter.line('submitted')
    await producer.cancel(job)
    await until(async () => ((await adapter.outcomes())[job.id] === 'settled' ? true : undefined), 'it is kept')
    await until(async () => {
      const [request] = (await api.listRequests({})).requests
      return request?.cancelling === true || request?.state === 'cancelled' ? true : undefined
    }, `it is not cancelled\n${adapter.tail()}`)
  })

  for (const payer of ['an account', 'a proxy']) {
    it(`what a slot stays open for although enough provers have committed is released, by ${payer}`, async () => {
      const { bench } = proxy
      const { requester } = await proxy.customer()
      const { promise: gate, resolve: open } = Promise.withResolvers<void>()
      release = open
      bench.provers.answer = (right, _, slot) => (slot === 0 ? undefined : gate.then(() => right))
      const job = producer.job(epoch)
      await producer.enqueue(job)
      const options = { lanes: [{ ...bench.lane, redundancy: 2 }], ...(payer === 'a proxy' && { requester }) }
      const adapter = await bench.adapter(broker.url, options)
      const { workload } = await adapter.line('submitted')
      const id = workload as WorkloadId
      const failed = await until(async () => {
        const now = await proxy.server.client.getWorkload({ workload: id })
        return now.slots.some(({ status }) => status === 'failed') ? now : undefined
      }, 'nobody failed')
      // The first slot is open to all: a commit to it closes nothing, whatever it is.
      // Other cases have left seats at work.
      const idle = await idleSeat(bench.network, ...failed.slots.map(({ seat }) => seat))
      await prover.commitOpen(bench.network, id, failed.spec, idle, Buffer.from('junk'))
      open()
      await fulfilled([job], adapter)
      const over = await until(async () => {
        const now = await proxy.server.client.getWorkload({ workload: id })
        return now.status === 'proving' ? undefined : now
      }, `it was not released\n${adapter.tail()}`)
      expect(over.status).to.equal('revealing')
    })
  }

  it('a revoked key is complained of, and what is in flight is kept', async () => {
    const { keyId, requester } = await proxy.customer()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    proxy.bench.provers.answer = (right) => gate.then(() => right)
    release = open
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await proxy.bench.adapter(broker.url, { requester })
    await adapter.line('submitted')
    await proxy.server.keys.revoke(keyId)
    const line = await until(() => adapter.lines.find(({ error }) => JSON.stringify(error ?? '').includes('API_UNAUTHORISED')), 'no complaint') // prettier-ignore
    expect(JSON.stringify(line['error'])).to.contain('API key')
    expect(await adapter.outcomes()).to.deep.equal({ [job.id]: null })
    expect(errors()).to.deep.equal([])
  })

  it('a server that names a verifier of its own is found out, and nothing it delivers is reported', async () => {
    const around =
      (inner: typeof fetch): typeof fetch =>
      async (target, request) => {
        const response = await inner(target, request)
        if (!(target instanceof URL) || !target.pathname.startsWith('/v1/programs/')) return response
        const said = (await response.json()) as object
        return Response.json({ ...said, verifierProgram: `0x${'b7'.repeat(32)}` })
      }
    const runtime: Runtime = {
      name: 'bubblewrap',
      check: async () => ({ available: true, details: {} }),
      run: () => Promise.reject(aztecError('AZTEC_PROXY_WRONG', 'it was run')),
    }
    const { requester } = await proxy.customer({}, { around, runtime })
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await proxy.bench.adapter(broker.url, { requester, trust: 'program' })
    const line = await until(() => adapter.lines.find(({ error }) => JSON.stringify(error ?? '').includes('AZTEC_PROXY_WRONG')), `no complaint\n${adapter.tail()}`) // prettier-ignore
    expect(JSON.stringify(line['error'])).to.contain('another verifier')
    await systemClock.sleep(500)
    expect((await producer.status(job)).status).to.equal('in-progress')
  })
})
