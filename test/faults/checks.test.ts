import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { nameAt, readPuzzleSeed, readQualification, SEAT_STATUSES, type SeatStatus } from '../../sdk/src/chain/index.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { LogLine, WorkerProcess } from '../support/network/WorkerProcess.js'
import { faultSeed, IS_FULL, Seeded } from '../support/seed.js'

// A window in which a busy machine answers too; the time between checks is passed over.
const PUZZLE = { work: 500, count: 16, window: 300, period: 1_500, fractionBps: 10_000, excuses: 1, chargeBps: 100 }
const CHECKED = { ...FAST, classes: FAST.classes.map((terms) => ({ ...terms, puzzle: PUZZLE })) }
const CLASS = 1
/** Longer than any of these tests: what is solved with it is not solved within them. */
const TENTHS_OF_HOURS = '36000'

const SEATS = ['joins', 'stays'] as const
const UNDONE = ['Answered', 'CheckStarted', 'CheckOpened'] as const
type Undone = (typeof UNDONE)[number]

// Whatever is undone of a check: the worker looks at the state, answers again within the window, and its seat is in the set afterwards.
describe('faults: a reorg of a check', function () {
  this.timeout(900_000)
  const random = new Seeded(faultSeed())
  const cases = SEATS.map((seat) => UNDONE.map((undone) => ({ seat, undone })))
  const tried = cases.flatMap((some) => (IS_FULL ? some : [random.pick(some)]))
  let network: TestNetwork
  let alice: Operator
  let hers: number

  showWorkers(() => network.workers)
  before(() => {
    if (!IS_FULL) console.log(`      SKIP all but ${tried.length} of ${cases.flat().length}: npm run test:faults`)
    console.log(`      seed ${random.seed}`)
  })
  beforeEach(async () => {
    network = await TestNetwork.start(CHECKED)
    alice = await network.addOperator('alice')
    hers = alice.seats[0] ?? 0
  })
  afterEach(async function () {
    await network.stop()
    if (this.currentTest?.state === 'failed')
      console.log(`      To repeat: npm run test:faults -- --seed ${random.seed} checks`)
  })

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 240_000; !(await isSo()); await sleep(200))
      if (Date.now() > end) throw new Error(`${what}: not in 240 s`)
  }

  async function statusOf(seat: number): Promise<SeatStatus> {
    return nameAt(SEAT_STATUSES, (await network.contracts.registry.seatOf(seat)).status)
  }

  const untilIs = (seat: number, status: SeatStatus): Promise<void> =>
    until(`seat ${seat} is ${status}`, async () => (await statusOf(seat)) === status)

  async function newestCheck(): Promise<number> {
    return (await readQualification(network.contracts, CLASS)).newest?.number ?? 0
  }

  async function hasAnswered(seat: number, check: number): Promise<boolean> {
    const { qualification } = network.contracts
    return (await qualification.queryFilter(qualification.filters.Answered(seat, check))).length > 0
  }

  async function blockOf(undone: Undone, check: number): Promise<number> {
    const { qualification } = network.contracts
    const events = await qualification.queryFilter(
      qualification.filters[undone](undone === 'Answered' ? hers : CLASS, check),
    )
    return events[0]?.blockNumber ?? 0
  }

  const passTo = async (time: number): Promise<void> => {
    await network.chain.provider.send('evm_setNextBlockTimestamp', [time])
    await network.chain.mine()
  }

  const solvedBy = (worker: WorkerProcess, check: number): number =>
    worker.lines.filter((line) => line.message === 'solving the puzzle' && line['check'] === check).length

  for (const { seat, undone } of random.shuffle(tried)) {
    it(`that undoes ${undone}: a seat ${seat}`, async () => {
      const { chain, contracts } = network
      const silent = await network.addOperator('silent')
      const its = silent.seats[0] ?? 0
      // It does not send again by itself what is gone, as an account whose acts a relay carries out.
      const worker = await network.startWorker(alice, { keeper: true, bumpSeconds: 600 })
      const other = seat === 'stays' ? await network.startWorker(silent, { keeper: false }) : undefined
      await chain.mineEvery(1)
      await untilIs(hers, 'Active')
      if (other !== undefined) {
        await untilIs(its, 'Active')
        expect(await other.stop()).to.equal(0)
        await passTo((await readQualification(contracts, CLASS)).nextAt)
        const before = await newestCheck()
        await until('the next check', async () => (await newestCheck()) > before)
        const next = await newestCheck()
        await until('the answer', () => hasAnswered(hers, next))
      }
      const check = await newestCheck()
      const seed = await readPuzzleSeed(contracts, CLASS, check, hers)
      const mined = (line: LogLine): boolean =>
        line.message === 'transaction mined' && line['key'] === `answer/${check}/${hers}`
      await worker.line(mined)
      const depth = await chain.undo(await blockOf(undone, check))
      console.log(`      ${depth} blocks deep`)
      expect(await hasAnswered(hers, check)).to.equal(false)
      if (seat === 'joins') expect(await statusOf(hers)).to.equal('Inactive')

      await chain.mineEvery(1)
      await until('the answer comes again', () => hasAnswered(hers, check))
      expect(await statusOf(hers)).to.equal('Active')
      const isOther = (await readPuzzleSeed(contracts, CLASS, check, hers)) !== seed
      if (undone === 'CheckOpened') expect(isOther).to.equal(true)
      // Two solutions do not fit into the window of a machine of the class: what was solved is not solved once more.
      expect(solvedBy(worker, check)).to.equal(isOther ? 2 : 1)

      if (seat === 'stays') {
        const { newest } = await readQualification(contracts, CLASS)
        await passTo((newest?.until ?? 0) + 1)
        await untilIs(its, 'Dropped')
        expect(await statusOf(hers)).to.equal('Active')
        expect((await contracts.registry.seatOf(hers)).bond).to.equal(parseEther('1000'))
      }
      expect(await worker.stop()).to.equal(0)
    })
  }

  it('that gives it another seed while the puzzle is being solved: the worker begins anew at once', async () => {
    const { chain, contracts } = network
    const program = await network.deployGuest('hashcash', [TENTHS_OF_HOURS])
    const { address } = await deployContract(chain.wallet(0), 'ProofPuzzle', [contracts.addresses.market, program])
    const { work: _, count: __, ...policy } = PUZZLE
    const { beacon } = contracts.addresses
    await (await contracts.qualification.setPolicy(CLASS, { ...policy, puzzle: address, beacon })).wait()
    const worker = await network.startWorker(alice)
    await chain.mineEvery(1)
    await worker.line((line) => line.message === 'solving the puzzle')
    const check = await newestCheck()
    await chain.undo(await blockOf('CheckOpened', check))
    await chain.mineEvery(1)
    await until('it is solved anew', () => Promise.resolve(solvedBy(worker, check) === 2))
    expect(await worker.stop()).to.equal(0)
  })
})
