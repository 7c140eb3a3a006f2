import { expect } from 'chai'

import {
  readEvents,
  type CommitteeEvent,
  type CommitteeEventArguments,
  type Hex,
  type ProgramId,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import { operatorHistory } from '../../sdk/src/client/operatorHistory.js'
import { freePort } from '../support/freePort.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { SignerServer } from '../support/SignerServer.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

const WINDOW = 150
const PARAMETERS = { ...FAST, epochLength: 20, rules: { ...FAST.rules, verdictWindow: WINDOW } }

// Validators as operators run them: processes, a real chain, real verifier programs in a sandbox. Seven seats of three operators are
// all the validators there are, so each committee is all of them; five of the seven are the first one's.
describe('validator: committees of processes', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let most: Operator
  let second: Operator
  let third: Operator
  let signer: SignerServer
  const running: WorkerProcess[] = []

  before(async () => {
    network = await TestNetwork.start(PARAMETERS)
    program = await network.deployJudged()
    most = await network.addValidator('most', 5)
    second = await network.addValidator('second')
    third = await network.addValidator('third')
    alice = await network.addOperator('alice')
    signer = await SignerServer.start(most.wallet.privateKey)
    await network.startWorker(alice)
    await network.chain.mineEvery(1)
  })
  afterEach(async () => {
    for (const process of running.splice(0)) await process.kill()
  })
  after(async () => {
    await signer.halt()
    await network.stop()
  })

  const track = async (starting: Promise<WorkerProcess>): Promise<WorkerProcess> => {
    const process = await starting
    running.push(process)
    await process.line(({ message }) => /^(worker|validator|prover) started$/.test(message), 180)
    return process
  }

  async function leave({ wallet, seats }: Operator): Promise<void> {
    await network.chain.mineAtOnce()
    await (await network.contracts.registry.connect(wallet).leaveSet([...seats])).wait()
    await network.chain.provider.send('evm_increaseTime', [2 * PARAMETERS.epochLength])
    await network.chain.mine()
    await network.chain.mineEvery(1)
  }

  async function committeeEvents<Name extends keyof CommitteeEventArguments>(
    workload: WorkloadId,
    name: Name,
  ): Promise<CommitteeEvent<Name>[]> {
    const found: CommitteeEvent<Name>[] = []
    for await (const event of readEvents(network.contracts, { workload, names: [name] })) {
      if (event.contract === 'committee' && event.name === name) found.push(event as CommitteeEvent<Name>)
    }
    return found
  }

  /** Submits, and closes commits with the first: a lone slot that a committee judges stays open to others until then. */
  async function committed(): Promise<WorkloadId> {
    const workload = await network.submit(program)
    await network.until(workload, 'Committed', 300)
    await network.requester.release({ workload })
    return workload
  }

  /** Lets the time for answers and for an appeal pass once the verdict is there, and waits for the end. */
  async function finish(workload: WorkloadId) {
    await network.until(workload, 'VerdictReached', 300)
    await network.chain.provider.send('evm_increaseTime', [2 * WINDOW])
    return network.until(workload, 'Finished', 300)
  }

  it('daemons that know each other judge alike, and one transaction carries all seven verdicts', async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    const peers = ports.map((port) => `http://127.0.0.1:${port}`)
    const start = (operator: Operator, index: number): Promise<WorkerProcess> =>
      track(network.startValidator(operator, { listen: `127.0.0.1:${ports[index]}`, peers: peers.toSpliced(index, 1) }))
    await Promise.all([most, second, third].map(start))
    const workload = await committed()
    const { args } = await finish(workload)
    expect(args.outcome).to.equal('Proven')
    const votes = await committeeEvents(workload, 'Voted')
    expect(votes.map(({ args: { valid } }) => valid)).to.deep.equal([1, 1, 1, 1, 1, 1, 1])
    expect(new Set(votes.map(({ at }) => at.transaction)).size).to.equal(1)
    const judged = await network.until(workload, 'Judged')
    expect(judged.args).to.include({ valid: 1, members: 7 })
    const { balance } = await network.contracts.market.accountOf(most.wallet.address)
    expect(balance).to.equal(5n * judged.args.each)
    const history = await operatorHistory(network.requester, { operator: most.wallet.address as Hex })
    expect(history.totals).to.include({ verdicts: balance, appeals: 0n })
    const paid = history.entries.filter(({ kind }) => kind === 'verdict')
    expect(paid.map(({ seat }) => seat).sort()).to.deep.equal([...most.seats].sort())
    for (const entry of paid) expect(entry).to.include({ workload, amount: judged.args.each })
  })

  it('one validator is silent, one lies: the others decide, one of them with its key elsewhere', async () => {
    signer.mode = 'web3signer'
    const elsewhere = { keyFile: '', signerUrl: signer.url, signerAccount: signer.account }
    await track(network.startValidator(most, elsewhere))
    await track(network.startValidator(second, {}, 'test/support/validators/liar.ts'))
    const workload = await committed()
    expect((await finish(workload)).args.outcome).to.equal('Proven')
    const votes = await committeeEvents(workload, 'Voted')
    const found = new Map(votes.map(({ args }) => [args.seat, args.valid]))
    expect(found.get(second.seats[0]!)).to.equal(0)
    for (const seat of most.seats) expect(found.get(seat)).to.equal(1)
    expect(signer.asked).to.include.members(['eth_signTypedData', 'eth_signTransaction'])
    const missed = await committeeEvents(workload, 'VerdictMissed')
    expect(missed.map(({ args }) => args.seat)).to.deep.equal(third.seats)
  })

  it('killed between journal and post, it posts the recorded verdict after a restart, without judging again', async () => {
    const dying = await network.startValidator(most, {}, 'test/support/validators/killed.ts', ['verdict recorded'])
    const workload = await committed()
    expect(await dying.exited()).to.equal('SIGKILL')
    expect(await committeeEvents(workload, 'Voted')).to.deep.equal([])
    const restarted = await track(network.startValidator(most))
    expect((await finish(workload)).args.outcome).to.equal('Proven')
    const votes = await committeeEvents(workload, 'Voted')
    expect(votes.map(({ args }) => args.valid)).to.deep.equal([1, 1, 1, 1, 1])
    expect(restarted.lines.filter(({ message }) => message === 'judging')).to.deep.equal([])
  })

  it('a validator without a seat says so', async () => {
    const nobody = await network.addOperator('nobody', 0)
    const validator = await track(network.startValidator(nobody))
    const said = await validator.line(({ message }) => message.startsWith('there is no seat to work for'))
    expect(said).to.include({ level: 'warn', operator: nobody.wallet.address })
    expect(said['class']).to.equal(Number(await network.contracts.committee.validatorClass()))
  })

  it('two daemons with one key refuse, also when the other is a worker', async () => {
    await track(network.startValidator(most))
    const again = await network.startValidator(most, { dataDirectory: `${most.directory}/other` })
    expect(await again.exited()).to.equal(1)
    expect(again.tail()).to.contain('WORKER_LOCKED')
    const worker = await network.startWorker(most)
    expect(await worker.exited()).to.equal(1)
    expect(worker.tail()).to.contain('WORKER_LOCKED')
  })

  it('a proof that nobody can fetch is invalid', async () => {
    await leave(alice)
    await network.chain.mineAtOnce()
    const dave = await network.addOperator('dave')
    await network.chain.mineEvery(1)
    await track(network.startWorker(dave, {}, 'test/support/provers/withholding.ts'))
    await track(network.startValidator(most))
    const workload = await committed()
    expect((await finish(workload)).args.outcome).to.equal('InvalidProof')
    const votes = await committeeEvents(workload, 'Voted')
    expect(votes.map(({ args }) => args.valid)).to.deep.equal([0, 0, 0, 0, 0])
  })
})
