import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import type { EndpointState } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { workerError } from '../../sdk/src/errors/codes/worker.js'
import { ValidatorMetrics } from '../../sdk/src/validator/observe/ValidatorMetrics.js'
import type { DaemonMetrics } from '../../sdk/src/worker/observe/DaemonMetrics.js'
import { WorkerMetrics } from '../../sdk/src/worker/observe/WorkerMetrics.js'
import type { TxOutcome } from '../../sdk/src/worker/publish/TxOutcome.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const RULES = join(root, 'ops/prometheus/alerts.yml')
const REQUEST = { key: 'commit/1', to: '0x', data: '0x', priority: 'proof', about: { stage: 'commit' } } as const

/** The rows of a scrape with their values. */
async function rowsOf(metrics: DaemonMetrics<never>): Promise<Map<string, string>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
}

// Of a daemon that has just begun: what happens first must be heard, although its row may begin with it.
describe('worker: alerts, as Prometheus evaluates them', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  const failures = new Map<'omits', number>()
  const endpoint: EndpointState = { name: '1 x', isUp: true, isCurrent: true, head: 1, failures }
  let worker: WorkerMetrics
  let validator: ValidatorMetrics

  before(function () {
    if (spawnSync('promtool', ['--version']).error === undefined) return
    console.log('      SKIP: promtool is not here (Debian package prometheus)')
    this.skip()
  })
  beforeEach(() => {
    failures.clear()
    worker = new WorkerMetrics(systemClock)
    worker.watchEndpoints(() => [endpoint])
    validator = new ValidatorMetrics(systemClock)
  })

  /** Ten minutes in which it is scraped; after five of them `event` happens. */
  async function alerts(metrics: DaemonMetrics<never>, event: () => void, name: string): Promise<string> {
    const before = await rowsOf(metrics)
    event()
    const series = [...(await rowsOf(metrics))].map(([row, value]) => ({
      series: row,
      values: `${before.has(row) ? before.get(row) : '_'}x20 ${value}x40`,
    }))
    const path = join(directory(), 'rules.test.json')
    const test = { interval: '15s', input_series: series, alert_rule_test: [{ eval_time: '10m', alertname: name, exp_alerts: [] }] } // prettier-ignore
    writeFileSync(path, JSON.stringify({ rule_files: [RULES], evaluation_interval: '15s', tests: [test] }))
    const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', path], { encoding: 'utf8' })
    return `${stdout}${stderr}`
  }
  const fires = async (metrics: DaemonMetrics<never>, event: () => void, name: string): Promise<void> => {
    const said = await alerts(metrics, event, name)
    expect(said)
      .to.include('FAILED')
      .and.match(new RegExp(`got:\\[\\s*0?:?\\s*Labels:\\{alertname="${name}"`))
  }

  it('silence while nothing happens', async () => {
    for (const name of ['GevulotKeyUsedElsewhere', 'GevulotEndpointMisleads', 'GevulotTransactionsFail']) {
      expect(await alerts(worker, () => undefined, name)).to.include('SUCCESS')
    }
    expect(await alerts(worker, () => worker.onTransaction(REQUEST, { kind: 'mined', hash: '0x', block: 1, gasUsed: 1n }), 'GevulotKeyUsedElsewhere')).to.include('SUCCESS') // prettier-ignore
  })
  it('silence about one that stands by', async () => {
    worker.onStandby(true)
    for (const name of ['GevulotChainUnseen', 'GevulotWorkerHangs', 'GevulotGasMoneyLow'])
      expect(await alerts(worker, () => undefined, name), name).to.include('SUCCESS')
  })
  it('an account without gas money, unless relays pay', async () => {
    await fires(worker, () => worker.onRelays(0), 'GevulotGasMoneyLow')
    expect(await alerts(worker, () => worker.onRelays(1), 'GevulotGasMoneyLow')).to.include('SUCCESS')
  })
  it("the first transaction that is not ours with our key's nonce", () =>
    fires(worker, () => worker.onTransaction(REQUEST, { kind: 'superseded' }), 'GevulotKeyUsedElsewhere'))
  it('the first answer of an endpoint that leaves something out', () =>
    fires(worker, () => failures.set('omits', 1), 'GevulotEndpointMisleads'))
  it('acts that fail again and again, of what reverts only reveals: in all else another may have been faster', async () => {
    const error = workerError('WORKER_STOPPED', 'a test')
    const end = (stage: string, outcome: TxOutcome, times: number) => () => {
      for (let time = 0; time < times; time++) worker.onTransaction({ ...REQUEST, about: { stage } }, outcome)
    }
    // Rows that are there: what comes first in a row is no increase.
    for (const stage of ['accept', 'reveal', 'assign', 'commit']) end(stage, { kind: 'expired' }, 1)()
    const name = 'GevulotTransactionsFail'
    for (const stage of ['assign', 'commit'])
      expect(await alerts(worker, end(stage, { kind: 'reverted', error }, 9), name), stage).to.include('SUCCESS')
    expect(await alerts(worker, end('reveal', { kind: 'reverted', error }, 1), name)).to.include('SUCCESS')
    await fires(worker, end('reveal', { kind: 'reverted', error }, 3), name)
    await fires(worker, end('accept', { kind: 'failed', error }, 3), name)
  })
  it('a submitter key whose term ends within two weeks, and one that can act no more', async () => {
    const named = (days: number) => () => worker.onSubmitter('0x01', days === 0 ? 0 : Date.now() / 1000 + days * 86_400)
    for (const name of ['GevulotSubmitterEnds', 'GevulotSubmitterEnded']) {
      expect(await alerts(worker, () => undefined, name), 'no such key').to.include('SUCCESS')
      expect(await alerts(worker, named(15), name)).to.include('SUCCESS')
    }
    await fires(worker, named(13), 'GevulotSubmitterEnds')
    expect(await alerts(worker, named(13), 'GevulotSubmitterEnded')).to.include('SUCCESS')
    await fires(worker, named(0), 'GevulotSubmitterEnded')
    expect(await alerts(worker, named(0), 'GevulotSubmitterEnds')).to.include('SUCCESS')
  })
  it('the second job that expires', () =>
    fires(worker, () => [1, 2].forEach(() => worker.onTransition('expired')), 'GevulotWorkExpires'))
  // A gauge that nobody has set says 0.
  it('a disk without room', () => fires(worker, () => undefined, 'GevulotDiskLow'))
  it('the first judging without a verdict', () =>
    fires(validator, () => validator.onJudged('unable', 1), 'GevulotCannotJudge'))
})
