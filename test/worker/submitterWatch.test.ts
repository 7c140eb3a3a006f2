import { expect } from 'chai'
import { Wallet } from 'ethers'

import { connect, type Address } from '../../sdk/src/chain/index.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { systemClock } from '../../sdk/src/clock.js'
import { SubmitterWatch } from '../../sdk/src/worker/key/SubmitterWatch.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { WorkerMetrics } from '../../sdk/src/worker/observe/WorkerMetrics.js'
import { startNetwork, type Network, type Operator } from '../support/network.js'
import { samplesOf } from '../support/metrics.js'
import { rejected } from '../support/rejected.js'

const HOUR = 3_600
const DAY = 86_400
const SHORT = 'the submitter key can act for a short time only; name it again'
const ENDED = 'the submitter key can act no more, and seats are slashed for silence; name it again'
const LONGER = 'the submitter key can act for longer now'

// The term is on a real chain; only the worker's clock is moved.
describe('worker: the term of a submitter key', function () {
  this.timeout(120_000)
  let network: Network
  let operator: Operator
  let key: Address
  let isUp = true
  let start: number
  let now: number
  let lines: Record<string, unknown>[]
  let metrics: WorkerMetrics
  let watch: SubmitterWatch
  const clock = { ...systemClock, now: () => now * 1000, elapsed: () => now * 1000 }

  before(async () => {
    network = await startNetwork()
    operator = network.operators[0]!
  })
  after(async () => {
    if (isUp) await network.chain.stop()
  })
  beforeEach(async () => {
    key = Wallet.createRandom().address as Address
    start = now = await network.chain.now()
    lines = []
    metrics = new WorkerMetrics(clock)
    metrics.onHead(1)
    const contracts = await connect(network.deployment, rpcProvider(network.chain.url, operator.contracts.chainId))
    const write = (line: string): unknown => lines.push(JSON.parse(line) as Record<string, unknown>)
    watch = new SubmitterWatch({
      ...{ contracts, clock, signer: { address: key, operator: operator.address } },
      log: jsonLogger({ level: 'info', write, now: () => 0 }),
      onTerm: (named, until) => metrics.onSubmitter(named, until),
    })
  })

  /** Names the key until so many seconds after the start of the case. */
  async function name(seconds: number): Promise<void> {
    await (await operator.contracts.relay.nameSubmitter(key, start + seconds)).wait()
  }

  /** What the log says in a look so many seconds after the start. */
  async function lookAt(seconds: number): Promise<unknown[]> {
    now = start + seconds
    const from = lines.length
    await watch.look()
    return lines.slice(from).map(({ level, message }) => [level, message])
  }

  const left = async (): Promise<number | undefined> =>
    samplesOf(await metrics.text()).get(`gevulot_submitter_seconds_left{key="${key}"}`)
  const why = (): string[] => Object.entries(metrics.obstacles(60)).flatMap(([what, isSo]) => (isSo ? [what] : []))

  it('is said two weeks before its end and each day from then on; after it, until the key is named again, each hour', async () => {
    await name(90 * DAY)
    expect(await lookAt(0)).to.deep.equal([])
    expect(await left()).to.equal(90 * DAY)
    expect(await lookAt(75 * DAY)).to.deep.equal([])
    expect(await lookAt(77 * DAY)).to.deep.equal([['warn', SHORT]])
    expect(lines.at(-1)).to.include({ key, operator: operator.address })
    expect(await lookAt(77 * DAY + HOUR)).to.deep.equal([])
    expect(await lookAt(78 * DAY)).to.deep.equal([['warn', SHORT]])
    expect(await left()).to.equal(12 * DAY)

    // The last second is one.
    await lookAt(90 * DAY)
    expect(why()).to.not.include('submitterEnded')
    expect(await lookAt(90 * DAY + 1)).to.deep.equal([['error', ENDED]])
    expect(await left()).to.equal(0)
    expect(metrics.submitterUntil).to.equal(start + 90 * DAY)
    expect(await lookAt(90 * DAY + 60)).to.deep.equal([])
    expect(await lookAt(90 * DAY + 2 * HOUR)).to.deep.equal([['error', ENDED]])

    await name(200 * DAY)
    expect(await lookAt(91 * DAY)).to.deep.equal([['info', LONGER]])
    expect(await left()).to.equal(109 * DAY)
    expect(await lookAt(92 * DAY)).to.deep.equal([])
  })

  it('keeps the worker from being ready when it is over', async () => {
    await name(20 * DAY)
    await lookAt(0)
    metrics.onHead(2)
    expect(why()).to.deep.equal([])
    now = start + 20 * DAY + 1
    metrics.onHead(3)
    expect(why()).to.deep.equal(['submitterEnded'])
  })

  it('ends at once when the key is taken back', async () => {
    await name(90 * DAY)
    await lookAt(0)
    await (await operator.contracts.relay.revokeSubmitter(key)).wait()
    expect(await lookAt(60)).to.deep.equal([['error', ENDED]])
    expect(lines.at(-1)).to.include({ until: 'taken back' })
    expect(why()).to.include('submitterEnded')
  })

  it('is no figure of a worker whose key is that of the operator', async () => {
    const own = new WorkerMetrics(clock)
    expect(await own.text()).to.not.match(/^gevulot_submitter_seconds_left/m)
    expect(own.obstacles(60)).to.not.include.keys('submitterEnded')
  })

  it('runs out while no endpoint answers, too', async () => {
    await name(20 * DAY)
    await lookAt(0)
    isUp = false
    await network.chain.stop()
    now = start + 21 * DAY
    await rejected(watch.look(), 'CHAIN_RPC_UNAVAILABLE')
    expect(lines.map(({ message }) => message)).to.deep.equal([ENDED])
    expect(why()).to.include('submitterEnded')
  })
})
