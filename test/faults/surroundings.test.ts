import { execFileSync, spawn } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { expectProved } from '../support/network/expectSound.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'

describe('faults: what surrounds the worker fails', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let alice: Operator
  let quick: ProgramId
  let slow: ProgramId

  showWorkers(() => network.workers)
  beforeEach(async () => {
    network = await TestNetwork.start(ROOMY)
    quick = await network.deployGuest('hashcash')
    slow = await network.deployGuest('hashcash', ['60'])
    alice = await network.addOperator('alice')
  })
  afterEach(async () => {
    await network.stop()
  })

  async function expectPaid(workload: WorkloadId): Promise<void> {
    expect((await network.until(workload, 'Finished')).args.outcome).to.equal('Proven')
    expect((await network.until(workload, 'SlotSettled')).args).to.include({ seat: alice.seats[0], rank: 1 })
    await expectProved(network, alice, workload)
  }

  /** Undoes every block from `block` on; others follow. */
  async function undoFrom(block: number): Promise<void> {
    await network.chain.undo(block)
    await network.chain.mineEvery(1)
  }

  it('the endpoint hangs while the program runs', async () => {
    const worker = await network.startWorker(alice, { rpcTimeoutMs: 5_000 })
    await network.chain.mineEvery(1)
    const workload = await network.submit(slow, { maxRunTime: 300 })
    await worker.line((line) => line.message === 'job running')
    network.chain.pause()
    await sleep(12_000)
    network.chain.resume()
    await network.chain.provider.send('evm_increaseTime', [ROOMY.rules.responseWindow + 1])
    // If the response window went by in silence, the slot is open and only its requester closes commits before the deadline.
    await network.requester.releaseWhenServed({ workload })
    await expectPaid(workload)
  })

  it('a reorg undoes the draw while the program runs', async () => {
    const worker = await network.startWorker(alice)
    await network.chain.mineEvery(1)
    const workload = await network.submit(slow)
    await worker.line((line) => line.message === 'job running')
    await undoFrom((await network.until(workload, 'Assigned')).at.block)
    await worker.line((line) => line.message === 'a reorg undid blocks')
    await expectPaid(workload)
  })

  it('a reorg undoes the commits: the same commitments are sent again', async () => {
    const bob = await network.addOperator('bob')
    const workers = [await network.startWorker(alice), await network.startWorker(bob, { keeper: false })]
    for (const worker of workers) await worker.line((line) => line.message === 'worker started')
    await network.chain.mineEvery(1)
    const workload = await network.submit(quick, { redundancy: 2 })
    const first = await network.until(workload, 'Committed')
    await undoFrom(first.at.block)
    await network.requester.releaseWhenServed({ workload })
    await network.until(workload, 'Finished')
    const events = await network.eventsOf(workload)
    const again = events.filter((event) => event.name === 'Committed')
    expect(again.map(({ args }) => args.seat).sort()).to.deep.equal([alice.seats[0], bob.seats[0]])
    expect(again.map(({ args }) => args.commitment)).to.include(first.args.commitment)
    expect(events.filter((event) => event.name === 'SlotSettled' && event.args.rank > 0)).to.have.length(2)
  })

  // A follower that looks seldom reads many blocks at once, and after a reorg reads them all again: for a moment its events
  // know nothing of the workload.
  it('short reorgs make the follower read far back, again and again', async () => {
    const worker = await network.startWorker(alice, { pollMs: 2_500 })
    await worker.line((line) => line.message === 'worker started')
    await network.chain.mineEvery(1)
    const workload = await network.submit(slow, { maxRunTime: 90 })
    const submitted = await network.until(workload, 'Submitted')
    await network.until(workload, 'Assigned')
    for (let round = 0; round < 4; round++) {
      await sleep(2_500)
      // Nobody would submit again what a reorg took from the requester.
      await undoFrom(Math.max(submitted.at.block + 1, (await network.chain.provider.getBlockNumber()) - 3))
    }
    await network.requester.releaseWhenServed({ workload })
    await expectPaid(workload)
    expect(worker.lines.filter((line) => line.message === 'a reorg undid blocks')).to.not.be.empty
  })

  it('SIGTERM while the program runs: exit 0, and the next start finishes the work', async () => {
    const worker = await network.startWorker(alice)
    await network.chain.mineEvery(1)
    const workload = await network.submit(slow)
    await worker.line((line) => line.message === 'job running')
    expect(await worker.stop()).to.equal(0)
    await network.startWorker(alice)
    await expectPaid(workload)
  })

  it('the disk of the content cache is full: the work is declined at once', async function () {
    const cache = join(alice.directory, 'data', 'cache')
    await mkdir(cache, { recursive: true })
    // Two pages: the manifest fits, the program beside it does not.
    // Only the real root may mount and then run a sandbox that changes its user.
    const inside = ['--mount', 'sh', '-c']
    try {
      execFileSync('unshare', [...inside, `mount -t tmpfs -o size=8k tmpfs ${cache}`], { stdio: 'pipe' })
    } catch {
      console.log('      SKIP this machine lets nobody mount a small disk, so it cannot be filled')
      this.skip()
    }
    const config = await network.configure(alice)
    const script = `mount -t tmpfs -o size=8k tmpfs ${cache} && exec "$0" --import tsx sdk/src/worker/main.ts ${config}`
    const child = spawn('unshare', [...inside, script, process.execPath], { cwd: root, stdio: 'ignore' })
    try {
      await network.chain.mineEvery(1)
      const workload = await network.submit(quick)
      expect((await network.until(workload, 'Declined')).args.seat).to.equal(alice.seats[0])
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('wrong surroundings: the worker refuses to start, says why, and exits with the right code', async () => {
    const bob = await network.addOperator('bob')
    const expectExit = async (
      operator: Operator,
      changes: Record<string, unknown>,
      code: number,
      reason: string,
    ): Promise<void> => {
      const worker = await network.startWorker(operator, changes)
      expect(await worker.exited(), worker.tail()).to.equal(code)
      expect(worker.tail()).to.contain(reason)
      expect(worker.tail()).to.not.contain(operator.wallet.privateKey.slice(2))
    }
    await expectExit(bob, { seats: alice.seats }, 1, 'WORKER_SEAT_NOT_OWNED')

    const record = JSON.parse(await readFile(network.deploymentPath, 'utf8')) as Record<string, unknown>
    const elsewhere = join(network.directory, 'elsewhere.json')
    await writeFile(elsewhere, JSON.stringify({ ...record, chainId: 1 }))
    await expectExit(bob, { deployment: elsewhere }, 1, 'CHAIN_WRONG')

    await expectExit(bob, { rpcUrl: 'http://127.0.0.1:1/' }, 75, 'CHAIN_RPC_UNAVAILABLE')
    await expectExit(bob, { keyFile: join(bob.directory, 'no-key') }, 1, 'WORKER_KEY_UNSAFE')
    await expectExit(bob, { runs: 0 }, 1, 'WORKER_CONFIG_INVALID')
    await chmod(join(bob.directory, 'key'), 0o644)
    await expectExit(bob, {}, 1, 'WORKER_KEY_UNSAFE')
    await chmod(join(bob.directory, 'key'), 0o600)

    const first = await network.startWorker(bob)
    await first.line((line) => line.message === 'worker started')
    await expectExit(bob, {}, 1, 'WORKER_LOCKED')
    await expectExit(bob, { dataDirectory: join(bob.directory, 'other') }, 1, 'WORKER_LOCKED')
    expect(await first.stop()).to.equal(0)
  })

  it('a silent prover is slashed by a keeper', async () => {
    const silent = await network.addOperator('silent')
    const keeper = await network.addOperator('keeper', 0)
    await network.startWorker(silent, {}, 'test/support/provers/silent.ts')
    await network.chain.mineEvery(1)
    const workload = await network.submit(quick, { redundancy: 2 })
    await network.startWorker(keeper)
    await network.until(workload, 'Assigned')
    await network.chain.provider.send('evm_increaseTime', [ROOMY.rules.silenceWindow + 10])
    const event = await network.until(workload, 'Silent')
    expect(event.args.reporter).to.equal(keeper.wallet.address)
  })
})
