import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import { deployContract } from '../../sdk/src/deploy/deploy.js'
import {
  nameAt,
  readQualification,
  readSeatQualification,
  SEAT_STATUSES,
  type SeatStatus,
} from '../../sdk/src/chain/index.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'

const PUZZLE = { work: 500, count: 16, window: 20, period: 45, fractionBps: 10_000, excuses: 1, chargeBps: 100 }
const CHECKED = { ...FAST, classes: FAST.classes.map((terms) => ({ ...terms, puzzle: PUZZLE })) }

// The worker as operators run it: processes, a real chain, real puzzles, nothing replaced.
describe('worker: qualification', function () {
  this.timeout(600_000)
  let network: TestNetwork

  beforeEach(async () => {
    network = await TestNetwork.start(CHECKED)
  })
  afterEach(() => network.stop())

  async function statusOf(seat: number): Promise<SeatStatus> {
    return nameAt(SEAT_STATUSES, (await network.contracts.registry.seatOf(seat)).status)
  }

  async function until(what: string, isSo: () => Promise<boolean>, seconds = 240): Promise<void> {
    const end = Date.now() + seconds * 1000
    while (!(await isSo())) {
      if (Date.now() > end)
        throw new Error(`${what}: not in ${seconds} s\n${network.workers.map((w) => w.tail()).join('\n')}`)
      await sleep(200)
    }
  }

  it('seats join by hashcash, stay by it, and one whose worker is gone is evicted for the bounty', async () => {
    const alice = await network.addOperator('alice')
    const silent = await network.addOperator('silent')
    const [hers = 0, its = 0] = [alice.seats[0], silent.seats[0]]
    expect(await statusOf(hers)).to.equal('Inactive')
    await network.startWorker(alice, { keeper: true })
    const gone = await network.startWorker(silent, { keeper: false })
    await network.chain.mineEvery(1)
    await until(
      'both seats join',
      async () => (await statusOf(hers)) === 'Active' && (await statusOf(its)) === 'Active',
    )
    const joinedIn = Number((await network.contracts.qualification.recordOf(hers)).check)
    expect(await gone.stop()).to.equal(0)

    await until('the silent seat is evicted', async () => (await statusOf(its)) === 'Dropped')
    const seat = await network.contracts.registry.seatOf(its)
    expect(seat.bond).to.equal(parseEther('990'))
    expect(await statusOf(hers)).to.equal('Active')
    expect(Number((await network.contracts.qualification.recordOf(hers)).check)).to.be.greaterThan(joinedIn)
    expect((await network.contracts.registry.reports(alice.wallet.address)).bounty).to.equal(parseEther('5'))

    const { newest, mustQualify } = await readQualification(network.contracts, 1)
    expect(mustQualify).to.equal(true)
    const state = await readSeatQualification(network.contracts, its, newest)
    expect(state).to.include({ status: 'Dropped', isWaiting: false, excuses: 0 })
  })

  it('a keeper evicts others that did not answer, and never seats of its own operator', async () => {
    const alice = await network.addOperator('alice', 2)
    const silent = await network.addOperator('silent')
    const [hers = 0, her = 0, its = 0] = [...alice.seats, ...silent.seats]
    const both = [await network.startWorker(alice, { keeper: false }), await network.startWorker(silent)]
    await network.chain.mineEvery(1)
    for (const seat of [hers, her, its])
      await until(`seat ${seat} joins`, async () => (await statusOf(seat)) === 'Active')
    for (const worker of both) expect(await worker.stop()).to.equal(0)

    // It works for one of her two seats, and answers for neither: the other is hers all the same.
    await network.startWorker(alice, { keeper: true, qualify: false, seats: [hers] })
    await until('the silent seat is evicted', async () => (await statusOf(its)) === 'Dropped')
    for (const seat of [hers, her]) {
      expect(await statusOf(seat)).to.equal('Active')
      expect((await network.contracts.registry.seatOf(seat)).bond).to.equal(parseEther('1000'))
    }
    const { bounty, burn } = await network.contracts.registry.reports(alice.wallet.address)
    expect([bounty, burn]).to.deep.equal([parseEther('5'), parseEther('5')])
  })

  it('a seat joins by a proof that the worker makes with the puzzle’s program, in its runtime; not by one that takes longer than the window', async () => {
    const { contracts } = network
    const owner = network.chain.wallet(0)
    const { work: _, count: __, ...policy } = PUZZLE
    const { beacon } = contracts.addresses
    const prove = async (tenths: number): Promise<void> => {
      const program = await network.deployGuest('hashcash', [String(tenths)])
      const { address } = await deployContract(owner, 'ProofPuzzle', [contracts.addresses.market, program])
      await (await contracts.qualification.setPolicy(1, { ...policy, puzzle: address, beacon })).wait()
    }
    // A minute, in a window of twenty seconds: what a machine of a third of the speed would need.
    await prove(600)
    const alice = await network.addOperator('alice')
    const [seat = 0] = alice.seats
    const worker = await network.startWorker(alice)
    await network.chain.mineEvery(1)
    await until('the program is out of time', () =>
      Promise.resolve(worker.lines.some((line) => JSON.stringify(line).includes('program ended as'))),
    )
    expect(await statusOf(seat)).to.equal('Inactive')
    await prove(10)
    await until('the seat joins', async () => (await statusOf(seat)) === 'Active')
  })
})
