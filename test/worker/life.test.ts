import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { parseEther, Wallet } from 'ethers'

import {
  deploymentOf,
  readDeploymentRecord,
  type Hex,
  type ProgramId,
  type WorkloadEvent,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import { createClient, nameSubmitter, submitterUntil } from '../../sdk/src/client/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { runCli } from '../support/cli.js'
import { SignerServer } from '../support/SignerServer.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'

// The worker as operators run it: processes, a real chain, real sandboxed programs, nothing replaced.
describe('worker: the life of a workload', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let program: Awaited<ReturnType<TestNetwork['deployGuest']>>
  const signers: SignerServer[] = []

  beforeEach(async () => {
    // Long epochs: a draw has time, however busy the machine is.
    network = await TestNetwork.start({ ...FAST, epochLength: 60, rules: { ...FAST.rules, responseWindow: 60 } })
    program = await network.deployGuest('hashcash')
  })
  afterEach(async () => {
    for (const signer of signers.splice(0)) await signer.halt()
    await network.stop()
  })

  async function ranks(workload: WorkloadId): Promise<Map<number, number>> {
    await network.until(workload, 'Finished')
    const events = await network.eventsOf(workload)
    const settled = events.filter((event) => event.name === 'SlotSettled')
    return new Map(settled.map(({ args }) => [args.seat, args.rank]))
  }

  function count(events: readonly WorkloadEvent[], name: WorkloadEvent['name'], seat?: number): number {
    return events.filter(
      (event) => event.name === name && (seat === undefined || ('seat' in event.args && event.args.seat === seat)),
    ).length
  }

  it('redundancy 1: the proof goes out in one transaction and is paid', async () => {
    const alice = await network.addOperator('alice')
    const worker = await network.startWorker(alice)
    await allStarted()
    await network.chain.mineEvery(1)
    // So long that its slot opens to nobody, however slowly it answers: then it would have to commit first.
    const workload = await network.submit(program, { maxRunTime: 600 })
    expect(await ranks(workload)).to.deep.equal(new Map([[alice.seats[0], 1]]))
    const events = await network.eventsOf(workload)
    expect(count(events, 'Revealed')).to.equal(1)
    expect(count(events, 'Committed')).to.equal(0)
    const closed = await worker.line((line) => line.message === 'job closed' && line['workload'] === workload)
    expect(closed).to.include({ stage: 'settled', seat: alice.seats[0] })
    expect(await worker.stop()).to.equal(0)
    expect((await network.contracts.market.accountOf(alice.wallet.address)).balance).to.be.greaterThan(parseEther('18'))
  })

  it('what breaks and nobody waited for is in the log, and the supervisor starts the worker again', async () => {
    const alice = await network.addOperator('alice')
    const worker = await network.startWorker(alice, {}, 'test/support/provers/broken.ts')
    await worker.line(({ message }) => message === 'worker started')
    process.kill(worker.pid, 'SIGUSR2')
    expect(await worker.exited(), worker.tail()).to.equal(75)
    const last = await worker.line(({ message }) => message === 'worker broke')
    expect(JSON.stringify(last)).to.include('nobody waits for this')
  })

  // The key of the operator is nowhere near: a submitter key acts, and that one is not on the machine either.
  it('with a submitter key at an external signer, which goes away while the program runs', async () => {
    const alice = await network.addOperator('alice')
    const { address: account, privateKey } = Wallet.createRandom()
    const signer = await SignerServer.start(privateKey)
    signers.push(signer)
    signer.mode = 'web3signer'
    const elsewhere = { keyFile: '', signerUrl: signer.url, signerAccount: account, operator: alice.wallet.address }
    const unnamed = await network.startWorker(alice, elsewhere)
    expect(await unnamed.exited()).to.equal(1)
    expect(unnamed.tail()).to.contain('WORKER_NOT_SUBMITTER')
    const deployment = deploymentOf(await readDeploymentRecord(network.deploymentPath))
    const client = await createClient({ deployment, signer: alice.wallet })
    const until = Math.floor(Date.now() / 1000) + 7 * 86_400
    await nameSubmitter(client, { key: account as Hex, until })
    expect(await submitterUntil(client, { key: account as Hex, operator: client.account! })).to.equal(until)
    await network.chain.provider.send('anvil_setBalance', [account, `0x${parseEther('1').toString(16)}`])
    await network.chain.provider.send('anvil_setBalance', [alice.wallet.address, '0x0'])
    const worker = await network.startWorker(alice, elsewhere)
    const warning = await worker.line((line) => line.message.startsWith('the submitter key can act for a short time'))
    expect(warning).to.include({ level: 'warn', key: account, operator: alice.wallet.address })
    const shown = await runCli(['prover', 'status', '--data', join(alice.directory, 'data')], { cwd: alice.directory })
    expect(shown.stdout)
      .to.include(account)
      .and.match(/named until +\d{4}-\S+Z, in 7 d/)
    await network.chain.mineEvery(1)
    const workload = await network.submit(program, { redundancy: 2, maxRunTime: 180 })
    await worker.line((line) => line.message === 'job running')
    await signer.halt()
    await worker.line((line) => line.message === 'the external signer does not answer')
    await signer.resume()
    await worker.line((line) => line.message === 'transaction mined' && line.stage === 'commit')
    // Sealed by the submitter key, and still the operator's proof.
    const proof = await network.requester.waitForProof({ workload })
    expect(proof).to.include({ from: 'delivery', operator: alice.wallet.address })
    await network.requester.release({ workload })
    expect(await ranks(workload)).to.deep.equal(new Map([[alice.seats[0], 1]]))
    const { balance } = await network.contracts.market.accountOf(alice.wallet.address)
    expect(balance).to.be.greaterThan(parseEther('8'))
    // The chain alone has the proof too, inside of what the relay contract was called with.
    const revealed = await network.requester.fetchProof({ workload })
    expect(revealed).to.include({ from: 'transaction', operator: alice.wallet.address })
    expect(await worker.stop()).to.equal(0)
  })

  it('redundancy 3: commit, sealed delivery, reveal, settle; three ranks are paid', async () => {
    const operators = [
      await network.addOperator('alice'),
      await network.addOperator('bob'),
      await network.addOperator('carol'),
    ]
    for (const [index, operator] of operators.entries()) await network.startWorker(operator, { keeper: index === 0 })
    await allStarted()
    await network.chain.mineEvery(1)
    const workload = await network.submit(program, { redundancy: 3 })
    const proof = await network.requester.waitForProof({ workload })
    expect(proof.proof).to.have.length(8)
    const paid = await ranks(workload)
    expect([...paid.values()].sort()).to.deep.equal([1, 2, 3])
    const events = await network.eventsOf(workload)
    for (const operator of operators) {
      expect(count(events, 'Committed', operator.seats[0])).to.equal(1)
      expect(count(events, 'Revealed', operator.seats[0])).to.equal(1)
    }
  })

  it('one operator with two seats in one workload runs the program once and commits for both', async () => {
    const alice = await network.addOperator('alice', 2)
    const worker = await network.startWorker(alice)
    await allStarted()
    await network.chain.mineEvery(1)
    const workload = await network.submit(program, { redundancy: 2 })
    expect([...(await ranks(workload)).values()].sort()).to.deep.equal([1, 2])
    expect(
      worker.lines.filter((line) => line.message === 'job running' && line['seat'] === alice.seats[0]),
    ).to.have.length(1)
    const events = await network.eventsOf(workload)
    const commitments = events.flatMap((event) => (event.name === 'Committed' ? [event.args.commitment] : []))
    expect(new Set(commitments).size).to.equal(2)
  })

  it('one run at a time, three seats: declines what it could not end after what it has taken on', async () => {
    const alice = await network.addOperator('alice', 3)
    const slow = await network.deployGuest('hashcash', ['300'])
    await remember(alice, slow, 95, 60)
    const worker = await network.startWorker(alice, { runs: 1 })
    await allStarted()
    await network.chain.mineEvery(1)
    const workloads: WorkloadId[] = []
    for (let i = 0; i < 3; i++) workloads.push(await network.submit(slow, { maxRunTime: 95 }))
    for (const workload of workloads) await network.until(workload, 'Finished')
    const told = await Promise.all(workloads.map((workload) => network.eventsOf(workload)))
    expect(told.map((events) => count(events, 'Declined')).sort()).to.deep.equal([0, 1, 1])
    expect(told.map((events) => count(events, 'Revealed')).sort()).to.deep.equal([0, 0, 1])
    for (const events of told) {
      expect(count(events, 'Failed')).to.equal(0)
      expect(count(events, 'Accepted') + count(events, 'Declined')).to.be.at.most(1)
    }
    const declined = worker.lines.filter((line) => line.message === 'job declined')
    expect(declined).to.have.length(2)
    for (const { why } of declined) expect(why).to.match(/^a run takes 60 s here and other work takes \d+ s before it/)
  })

  it('declines what is on its deny list; another claims the open slot and is paid', async () => {
    const picky = await network.addOperator('picky')
    await network.startWorker(picky, { denyPrograms: [program] })
    await allStarted()
    await network.chain.mineEvery(1)
    // Time for the other to join and to start.
    const workload = await network.submit(program, { maxRunTime: 600 })
    const declined = await network.until(workload, 'Declined')
    expect(declined.args.seat).to.equal(picky.seats[0])
    const helper = await addLate('helper')
    await network.startWorker(helper, { claimOpen: true })
    // While a slot is open only its requester, or time, closes commits.
    await network.requester.releaseWhenServed({ workload })
    expect(await ranks(workload)).to.deep.equal(new Map([[helper.seats[0], 1]]))
    const committed = await network.until(workload, 'Committed')
    expect(committed.args).to.include({ seat: helper.seats[0], slot: 15 })
  })

  it('one run at a time: work for an open slot gives way to what its seat is drawn for', async () => {
    const picky = await network.addOperator('picky')
    const slow = await network.deployGuest('hashcash', ['3000'])
    await network.startWorker(picky, { denyPrograms: [slow] })
    await allStarted()
    await network.chain.mineEvery(1)
    const long = await network.submit(slow, { maxRunTime: 1_200 })
    await network.until(long, 'Declined')
    const helper = await addLate('helper')
    await remember(helper, slow, 1_200, 600)
    const worker = await network.startWorker(helper, { claimOpen: true, runs: 1 })
    await worker.line((line) => line.message === 'job running' && line['workload'] === long)
    // For both seats, and with no time behind a run of ten minutes.
    const drawn = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
    expect([...(await ranks(drawn)).keys()]).to.have.members([picky.seats[0], helper.seats[0]])
    const { why } = await worker.line((line) => line.message === 'job closed' && line['workload'] === long)
    expect(why).to.equal('what a seat was drawn for needs its room')
    const told = await network.eventsOf(drawn)
    for (const name of ['Declined', 'Failed', 'Missed'] as const) expect(count(told, name), name).to.equal(0)
  })

  it('gains nothing by junk, and keeps nobody from being paid', async () => {
    const junk = await network.addOperator('junk')
    const alice = await network.addOperator('alice')
    await network.startWorker(junk, {}, 'test/support/provers/junk.ts')
    await network.startWorker(alice)
    await allStarted()
    await network.chain.mineEvery(1)
    const workload = await network.submit(program, { redundancy: 2 })
    const paid = await ranks(workload)
    expect(paid.get(alice.seats[0]!)).to.equal(1)
    expect(paid.has(junk.seats[0]!)).to.be.false
  })

  /** Has a run on record of which a worker that was never started does not know the true length. */
  async function remember({ directory }: Operator, program: ProgramId, maxRunTime: number, seconds: number) {
    const data = join(directory, 'data')
    await mkdir(data)
    const db = await openDatabase(join(data, 'database'))
    await new RunHistory(db, systemClock).add(program, maxRunTime, seconds, 'ok')
    await db.destroy()
  }

  /** On a busy machine starts take longer than a submission waits for its draw. */
  async function allStarted(): Promise<void> {
    for (const worker of network.workers) await worker.line(({ message }) => /^(worker|prover) started$/.test(message))
  }

  /** An operator that joins while the chain already mines in intervals. */
  async function addLate(name: string): Promise<Operator> {
    await network.chain.mineAtOnce()
    const operator = await network.addOperator(name)
    await network.chain.mineEvery(1)
    return operator
  }

  it('a start looks again at what was closed lately: a record that differs from the chain is mended, without any reorg', async () => {
    const alice = await network.addOperator('alice')
    const worker = await network.startWorker(alice)
    await allStarted()
    await network.chain.mineEvery(1)
    const workload = await network.submit(program)
    await network.until(workload, 'Finished')
    const key = { workload, seat: alice.seats[0]! }
    await worker.line((line) => line.message === 'job closed' && line['workload'] === workload)
    expect(await worker.stop()).to.equal(0)
    const path = join(alice.directory, 'data', 'database')
    const paid = await withJobs(path, async (jobs) => {
      const settled = await jobs.find(key)
      expect(settled).to.include({ state: 'settled', rank: 1, closed: true })
      // As when the last run ended behind the events of a reorg, and before it had looked at what they change.
      const back = await jobs.transition(settled!, 'committed')
      await jobs.transition(back, 'lost', { closed: true })
      return settled!.paid
    })
    // A keeper looks at all that ever ended.
    const again = await network.startWorker(alice, { keeper: false })
    await again.line((line) => line.message === 'job closed' && line['stage'] === 'settled')
    expect(await again.stop()).to.equal(0)
    const { state, rank, paid: now } = (await withJobs(path, (jobs) => jobs.find(key)))!
    expect({ state, rank, now }).to.deep.equal({ state: 'settled', rank: 1, now: paid })
  })
})

async function withJobs<T>(path: string, act: (jobs: JobStore) => Promise<T>): Promise<T> {
  const db = await openDatabase(path)
  try {
    return await act(new JobStore(db, systemClock))
  } finally {
    await db.destroy()
  }
}
