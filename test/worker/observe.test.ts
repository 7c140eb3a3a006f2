import { globSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import { systemClock } from '../../sdk/src/clock.js'
import { workerError } from '../../sdk/src/errors/codes/worker.js'
import { Closers } from '../../sdk/src/worker/Closers.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { HealthServer } from '../../sdk/src/worker/observe/HealthServer.js'
import { VALIDATOR_METRICS } from '../../sdk/src/validator/observe/validatorMetricTable.js'
import { WORKER_METRICS } from '../../sdk/src/worker/observe/metricTable.js'
import { openPort } from '../../sdk/src/worker/observe/openPort.js'
import { RunnerMetrics } from '../../sdk/src/worker/observe/RunnerMetrics.js'
import { serveHealth } from '../../sdk/src/worker/observe/serveHealth.js'
import { WorkerMetrics } from '../../sdk/src/worker/observe/WorkerMetrics.js'
import { freePort } from '../support/freePort.js'
import { HandClock } from '../support/HandClock.js'
import { ask, samplesOf, scraped } from '../support/metrics.js'
import { TestNetwork } from '../support/network/TestNetwork.js'
import { rejected } from '../support/rejected.js'

const silent = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
const names = Object.keys(WORKER_METRICS)

describe('worker: health and metrics', () => {
  let time = 0
  let servers: HealthServer[] = []
  const clock = { ...systemClock, elapsed: () => time }

  beforeEach(() => {
    time = 1_000_000
  })
  afterEach(async () => {
    for (const server of servers) await server.close()
    servers = []
  })

  async function serve(metrics: WorkerMetrics, port = 0): Promise<number> {
    const server = new HealthServer({ host: '127.0.0.1', port, metrics, readySeconds: 60, log: silent })
    const bound = await server.listen()
    servers.push(server)
    return bound
  }

  it('is ready only while blocks come and rounds end, and says what is wrong', async () => {
    const metrics = new WorkerMetrics(clock)
    const port = await serve(metrics)
    const ready = async () => {
      const { status, body } = await ask(port, '/ready')
      return [status, ...(JSON.parse(body) as { why: string[] }).why]
    }
    expect(await ready()).to.deep.equal([503, 'chainUnseen'])
    metrics.onHead(7)
    expect(await ready()).to.deep.equal([200])
    time += 61_000
    expect(await ready()).to.deep.equal([503, 'chainUnseen'])
    metrics.onHead(8)
    time += 240_000
    metrics.onHead(9)
    expect(await ready()).to.deep.equal([503, 'hangs'])
    expect((await ask(port, '/live')).status).to.equal(503)
    metrics.onReconciled()
    expect(await ready()).to.deep.equal([200])
    expect((await ask(port, '/live')).status).to.equal(200)
  })

  it('one that stands by lives, is not ready, and shows nothing that an alert is about', async () => {
    const metrics = new WorkerMetrics(clock)
    metrics.onStandby(true)
    const port = await serve(metrics)
    time += 3_600_000
    expect((await ask(port, '/live')).status).to.equal(200)
    expect(await ask(port, '/ready')).to.include({ status: 503, body: '{"ok":false,"why":["standingBy"]}\n' })
    expect([...samplesOf(await metrics.text())]).to.deep.equal([['gevulot_standing_by', 1]])
    metrics.onStandby(false)
    expect((await ask(port, '/live')).status).to.equal(200)
    expect((await ask(port, '/ready')).body).to.equal('{"ok":false,"why":["chainUnseen"]}\n')
    const samples = samplesOf(await metrics.text())
    for (const name of ['gevulot_standing_by', 'gevulot_chain_age_seconds', 'gevulot_reconciled_seconds'])
      expect(samples.get(name), name).to.equal(0)
  })

  it('takes nothing but questions it knows', async () => {
    const port = await serve(new WorkerMetrics(clock))
    expect((await ask(port, '/metrics?x=1')).status).to.equal(200)
    expect((await ask(port, '/metrics', 'POST')).status).to.equal(405)
    for (const path of ['/', '/metrics/', '/%2e%2e/etc/passwd', '//metrics']) {
      expect((await ask(port, path)).status, path).to.equal(404)
    }
  })

  it('refuses a port that is taken, and names the field', async () => {
    const port = await serve(new WorkerMetrics(clock))
    const error = await rejected(serve(new WorkerMetrics(clock), port), 'WORKER_CONFIG_INVALID')
    expect(error.message).to.contain('observe')
  })

  it('goes on without a port that is taken, says why, and opens it when it is free', async () => {
    const holder = new HealthServer({ host: '127.0.0.1', port: 0, metrics: new WorkerMetrics(clock), readySeconds: 60, log: silent }) // prettier-ignore
    const observePort = await holder.listen()
    const lines: string[] = []
    const log = jsonLogger({ level: 'info', write: (line) => void lines.push(line), now: () => 0 })
    const closers = new Closers(log)
    const hand = new HandClock()
    try {
      const config = { observeHost: '127.0.0.1', observePort, readySeconds: 60 }
      await serveHealth(config, new WorkerMetrics(clock), { clock: hand, log, closers })
      expect(lines.join()).to.include('the work goes on without it').and.include('observePort): EADDRINUSE')
      await holder.close()
      const end = Date.now() + 30_000
      while (!lines.join().includes('health and metrics are served')) {
        if (Date.now() > end) throw new Error(lines.join('\n'))
        // Others on this machine may have the port for a moment.
        hand.pass(10_000)
        await systemClock.sleep(20)
      }
      expect((await ask(observePort, '/live')).status).to.equal(200)
    } finally {
      await closers.close()
      await holder.close()
    }
    expect(await ask(observePort, '/live').catch(String)).to.include('ECONNREFUSED')
  })

  it('ends for a port that it can never have, and leaves nothing open that it was still trying for', async () => {
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const closers = new Closers(log)
    const hand = new HandClock()
    const refused = (code: string) => () =>
      Promise.reject(workerError('WORKER_CONFIG_INVALID', code, { cause: Object.assign(new Error(code), { code }) }))
    await rejected(openPort(refused('EACCES'), { clock: hand, log, closers }), 'WORKER_CONFIG_INVALID')
    await openPort(refused('EADDRNOTAVAIL'), { clock: hand, log, closers })
    expect(hand.sleeping).to.equal(1)
    await closers.close()
    expect(hand.sleeping).to.equal(0)
  })

  it('counts the work that waits for the operator', async () => {
    const metrics = new WorkerMetrics(clock)
    let waiting = 2
    const info = { operator: '0x', chain: '1', runtime: 'linux', mode: 'approve' }
    metrics.start(info, { openJobs: () => Promise.resolve(new Map()), approvals: () => waiting, endpoints: () => [] })
    expect(await metrics.text()).to.match(/^gevulot_approvals_waiting 2$/m)
    waiting = 0
    expect(await metrics.text()).to.match(/^gevulot_approvals_waiting 0$/m)
  })

  it('tells how much room the disk of the data directory has, of daemons and of runners', async () => {
    const metrics = new WorkerMetrics(clock)
    metrics.watchDisk(import.meta.dirname)
    const { bavail, bsize } = statfsSync(import.meta.dirname)
    for (const each of [metrics, new RunnerMetrics(clock, import.meta.dirname)]) {
      const told = Number(/^gevulot_disk_free_bytes (\S+)$/m.exec(await each.text())?.[1])
      // Others write to it meanwhile.
      expect(told / (bavail * bsize)).to.be.within(0.5, 2)
    }
  })

  it('answers 500 and goes on when a figure cannot be read', async () => {
    const metrics = new WorkerMetrics(clock)
    metrics.start(
      { operator: '0x', chain: '1', runtime: 'linux', mode: 'auto' },
      { openJobs: failing, approvals: () => 0, endpoints: () => [] },
    )
    const port = await serve(metrics)
    expect((await ask(port, '/metrics')).status).to.equal(500)
    expect((await ask(port, '/live')).status).to.equal(200)
  })

  it('alerts and dashboard use metrics that exist, and every metric is shown', () => {
    const files = globSync('ops/{prometheus,grafana}/*', { cwd: root }).map((path) =>
      readFileSync(join(root, path), 'utf8'),
    )
    const used = new Set(files.join('\n').match(/gevulot_[a-z_]+/g) ?? [])
    const bare = [...used].map((name) => name.replace(/_(bucket|sum|count)$/, ''))
    const all = new Set([...names, ...Object.keys(VALIDATOR_METRICS)])
    expect([...new Set(bare)].sort()).to.deep.equal([...all].sort())
  })
})

async function failing(): Promise<never> {
  throw new Error('the database is gone')
}

describe('worker: metrics of a real worker', function () {
  this.timeout(300_000)
  let network: TestNetwork

  beforeEach(async () => {
    network = await TestNetwork.start()
  })
  afterEach(async () => {
    await network.stop()
  })

  it('counts a workload from the draw to the pay', async () => {
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice')
    const port = await freePort()
    const worker = await network.startWorker(alice, { observePort: port, keeper: true })
    await worker.line((line) => line.message === 'worker started')
    await network.chain.mineEvery(1)
    const workload = await network.submit(program)
    await worker.line((line) => line.message === 'job closed' && line['workload'] === workload)

    expect((await ask(port, '/ready')).body).to.equal('{"ok":true,"why":[]}\n')
    const { body, type } = await scraped(port, 'gevulot_seats{status="Active"} 1')
    expect(type).to.contain('text/plain')
    for (const name of names) expect(body, name).to.contain(`# HELP ${name} `)
    const samples = samplesOf(body)
    for (const state of ['assigned', 'fetching', 'running', 'proved', 'settled']) {
      expect(samples.get(`gevulot_job_transitions_total{state="${state}"}`), state).to.equal(1)
    }
    expect(samples.get('gevulot_earned_tokens_total')).to.be.greaterThan(0)
    expect(samples.get('gevulot_runs_total{outcome="ok"}')).to.equal(1)
    expect(samples.get('gevulot_run_seconds_count')).to.equal(1)
    expect(samples.get('gevulot_seats{status="Active"}')).to.equal(1)
    expect(samples.get('gevulot_gas_money')).to.be.within(1, 100)
    expect([...samples.keys()].some((key) => key.includes('outcome="mined"'))).to.equal(true)
    expect(body).not.to.contain(alice.wallet.privateKey.slice(2))
  })
})
