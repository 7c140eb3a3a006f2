import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { pointsOf, readReceipt, type Spec, type WorkloadId } from '../../sdk/src/chain/index.js'
import { runCli } from '../support/cli.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// Epochs end when the test says so: one that ended by itself between two looks would make what is pending due.
const EPOCH = 86_400

// A real worker on a real chain; the pool was funded at the deployment. Each case has a network of its own: the seats of
// another's operator could be drawn in place of the ones it looks at.
describe('worker: network rewards', function () {
  this.timeout(300_000)
  let network: TestNetwork

  beforeEach(async () => {
    network = await TestNetwork.start({ ...FAST, rewards: { ...FAST.rewards, epochLength: EPOCH } })
  })
  afterEach(() => network.stop())

  async function until(what: string, test: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 90_000; !(await test()); await sleep(200)) {
      if (Date.now() > end)
        throw new Error(`${what} did not happen:\n${network.workers.map((w) => w.tail()).join('\n')}`)
    }
  }

  /** A submission does not wait for its draw as long as a worker may take to start. */
  const started = (worker: WorkerProcess): Promise<unknown> =>
    worker.line(({ message }) => message === 'worker started')

  async function specOf(workload: WorkloadId): Promise<Spec> {
    return (await network.requester.getWorkload({ workload })).spec
  }

  it('records paid work and claims it once the epoch is over; with a threshold both wait, and anybody can do it', async () => {
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice')
    const operator = alice.wallet.address as `0x${string}`
    const { rewards, market } = network.contracts
    const worker = await network.startWorker(alice, { rewardsFrom: 0 })
    await started(worker)
    await network.chain.mineEvery(1)
    const first = await network.submit(program)
    await network.until(first, 'Finished')
    const paid = (await market.accountOf(operator)).balance
    const spec = await specOf(first)
    await until('the record', () => rewards.isRecorded(spec))
    const points = pointsOf((await readReceipt(network.contracts, first))!, await rewards.kappaBps(), operator)
    expect((await rewards.rewardsOf(operator)).pending).to.equal(points)
    // Nothing is due before the epoch is over, and nothing is sent in vain.
    expect(worker.lines.filter((line) => line['act'] === 'claim')).to.be.empty
    await network.chain.provider.send('evm_increaseTime', [EPOCH])
    await until('the claim', async () => (await market.accountOf(operator)).balance === paid + points)
    expect(await worker.stop()).to.equal(0)

    const thrifty = await network.startWorker(alice, { rewardsFrom: 10 })
    await started(thrifty)
    const second = await network.submit(program)
    await network.until(second, 'Finished')
    const waits = await thrifty.line(({ message }) => message === 'paid work waits to be recorded')
    expect(waits).to.include({ workloads: 1, worth: points.toString() })
    expect(await rewards.isRecorded(await specOf(second))).to.be.false

    await writeFile(join(network.directory, 'other.key'), network.chain.wallet(0).privateKey, { mode: 0o600 })
    const settings = ['--rpc-url', network.chain.url, '--deployment', network.deploymentPath, '--key-file', 'other.key']
    const run = async (...args: string[]) =>
      (await runCli(['prover', 'rewards', operator, ...settings, ...args, '--json'], { cwd: network.directory })).json()
    expect(await run())
      .to.include({ operator, due: '0', claimed: '0' })
      .and.to.deep.include({ unrecorded: [second] })
    expect(await run('--collect')).to.include({ recorded: 1, claimed: '0' })
    await network.chain.provider.send('evm_increaseTime', [EPOCH])
    await network.chain.mine()
    expect(await run('--collect')).to.include({ due: points.toString(), recorded: 0, claimed: points.toString() })
    expect(await run()).to.deep.include({ unrecorded: [], due: '0' })
    // The worker finds that somebody else has recorded it, and sends nothing.
    expect(thrifty.lines.filter((line) => line['act'] === 'record')).to.be.empty
  })

  it('records again what a reorg took off the records while it was down', async () => {
    const program = await network.deployGuest('hashcash')
    const carol = await network.addOperator('carol')
    const { rewards, provider } = { ...network.contracts, provider: network.chain.provider }
    await network.chain.mineEvery(1)
    const worker = await network.startWorker(carol, { rewardsFrom: 0 })
    await started(worker)
    const workload = await network.submit(program)
    const { at } = await network.until(workload, 'Finished')
    const spec = await specOf(workload)
    await until('the record', () => rewards.isRecorded(spec))
    await worker.line((line) => line.message === 'transaction mined' && line['act'] === 'record')
    expect(await worker.stop()).to.equal(0)
    const [record] = await rewards.queryFilter(rewards.filters.Recorded(), at.block, await provider.getBlockNumber())
    expect(record!.blockNumber).to.be.greaterThan(at.block)
    await network.chain.undo(record!.blockNumber)
    expect(await rewards.isRecorded(spec)).to.be.false
    await network.chain.mineEvery(1)
    const again = await network.startWorker(carol, { rewardsFrom: 0 })
    await started(again)
    await until('the second record', () => rewards.isRecorded(spec))
    expect(await again.stop()).to.equal(0)
  })
})
