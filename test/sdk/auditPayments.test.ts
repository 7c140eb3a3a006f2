import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'
import {
  auditCommittees,
  auditDraw,
  auditPayments,
  expectedPayments,
  recomputeCommittee,
  type CommitteeFacts,
  type Payment,
} from '../../sdk/src/audit/index.js'
import { connect } from '../../sdk/src/chain/connect.js'
import type { Candidate } from '../../sdk/src/chain/draw.js'
import type { GevulotEvent, WorkloadEvent } from '../../sdk/src/chain/events.js'
import { toWorkloadId, type Address, type Bytes32, type Hex, type WorkloadId } from '../../sdk/src/chain/hex.js'
import { readEvents } from '../../sdk/src/chain/readEvents.js'
import { readCommittee } from '../../sdk/src/chain/readJudgment.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import type { Spec } from '../../sdk/src/chain/spec.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { startCommittee } from '../support/committee.js'
import { startSwappingMembers } from '../support/network/startSwappingMembers.js'
import {
  aProgram,
  BAD_PROOF,
  idleSeat,
  operatorOf,
  PROOF,
  prover,
  SALT,
  someInputs,
  startNetwork,
  TOKEN,
  type Network,
  type Operator,
} from '../support/network.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import { rejected } from '../support/rejected.js'

// A tenth of it is the time to answer; a commit after that finds an open slot, and commits do not close early.
const RUN_TIME = 200

describe('audit of payments', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  async function drawn(redundancy: number): Promise<{ workload: WorkloadId; spec: Spec; seats: number[] }> {
    const { workload, spec } = await client.submit({
      program,
      inputs: someInputs(),
      fee: 10n * TOKEN,
      maxRunTime: RUN_TIME,
      redundancy,
    })
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, spec, seats: slots.map(({ seat }) => seat) }
  }

  /** Audits, and returns the payments that both sides agree on. */
  async function agreed(workload: Hex): Promise<readonly Payment[]> {
    const audit = await auditPayments(network.operators[0]!.contracts, workload)
    expect(audit.have).to.deep.include({
      paid: audit.want.paid,
      refunded: audit.want.refunded,
      burned: audit.want.burned,
    })
    expect(audit.agrees).to.equal(true)
    return audit.want.slots
  }

  /** Seats that leave, wait and are withdrawn. */
  async function withdrawn({ contracts, address }: Pick<Operator, 'contracts' | 'address'>, seats: number[]) {
    await (await contracts.registry.leaveSet(seats)).wait()
    await network.chain.pass(devnet.cooldown + 1)
    await (await contracts.registry.withdraw(seats, address)).wait()
  }

  /** The seats of each committee follow from the chain, and a node that tells of others is found out. */
  async function committeesDrawnAgain(workload: Hex, attempts: readonly number[]): Promise<void> {
    const audit = await auditDraw(client.contracts, workload)
    expect(audit.agrees).to.equal(true)
    expect(audit.committees.map(({ attempt, appeal }) => [attempt, appeal])).to.deep.equal(
      attempts.map((n) => [n, false]),
    )
    for (const { attempt, have, want } of audit.committees) {
      expect(want).to.have.length(7)
      expect(have).to.deep.equal(want)
      expect((await readCommittee(client.contracts, workload, attempt)).map(({ seat }) => seat)).to.deep.equal(want)
    }
    // One that leaves an event out is named, not taken for one that has drawn wrong.
    const events: GevulotEvent[] = []
    for await (const event of readEvents(client.contracts, { workload: toWorkloadId(workload) })) events.push(event)
    for (const name of ['JudgingOpened', 'Submitted']) {
      const gaps = events.filter((event) => event.name !== name)
      const error = await rejected(
        auditCommittees(client.contracts, toWorkloadId(workload), gaps),
        'CHAIN_EVENT_MALFORMED',
      )
      expect(error.message).to.include(`no ${name} event`)
    }
    const liar = await startSwappingMembers(network.chain.url, client.contracts)
    try {
      const told = await connect(network.deployment, rpcProvider(liar.url, network.deployment.chainId))
      const lied = await auditDraw(told, workload)
      expect(lied.agrees).to.equal(false)
      expect(lied.committees.map(({ agrees }) => agrees)).to.deep.equal(attempts.map(() => false))
      expect(lied.committees.map(({ want }) => want)).to.deep.equal(audit.committees.map(({ want }) => want))
      expect(lied.want).to.deep.equal(lied.have)
    } finally {
      await liar.stop()
    }
  }

  it('a lone proof, ranks with junk among them, an open rank', async () => {
    const lone = await drawn(1)
    await prover.submitProof(network, lone.spec, lone.seats[0]!)
    expect((await agreed(lone.workload)).map(({ rank }) => rank)).to.deep.equal([1])

    const { workload, spec, seats } = await drawn(2)
    await prover.decline(network, spec, seats[0]!)
    const open = await idleSeat(network, seats[1]!)
    await prover.commitOpen(network, workload, spec, open)
    await prover.commit(network, workload, seats[1]!)
    await network.chain.pass(RUN_TIME + 2)
    await prover.reveal(network, spec, open)
    await prover.reveal(network, spec, seats[1]!)
    await client.settle({ workload })
    const ranks = new Map((await agreed(workload)).map(({ seat, rank }) => [seat, rank]))
    expect(ranks.get(seats[1]!)).to.equal(1)
    expect(ranks.get(open)).to.equal(2)
    // Seats that are withdrawn since are still those of two operators.
    for (const seat of [seats[1]!, open]) await withdrawn(operatorOf(network, seat), [seat])
    expect(new Map((await agreed(workload)).map(({ seat, rank }) => [seat, rank])).get(open)).to.equal(2)

    const junk = await drawn(2)
    await prover.commit(network, junk.workload, junk.seats[0]!, BAD_PROOF)
    await prover.commit(network, junk.workload, junk.seats[1]!)
    await network.chain.pass(2)
    await prover.reveal(network, junk.spec, junk.seats[0]!, BAD_PROOF)
    await prover.reveal(network, junk.spec, junk.seats[1]!)
    await client.settle({ workload: junk.workload })
    expect((await agreed(junk.workload)).map(({ seat, rank }) => [seat, rank])).to.deep.equal([[junk.seats[1], 1]])
  })

  it('a release with a seat that waited, a cancel before the draw and one after it', async () => {
    const released = await drawn(2)
    await prover.accept(network, released.workload, released.seats[1]!)
    await prover.commit(network, released.workload, released.seats[0]!)
    await network.chain.pass(10)
    await client.release({ workload: released.workload })
    await network.chain.pass(2)
    await prover.reveal(network, released.spec, released.seats[0]!)
    await client.settle({ workload: released.workload })
    const waited = (await agreed(released.workload)).find(({ rank }) => rank === 0)
    expect(waited?.seat).to.equal(released.seats[1])
    expect(waited!.paid > 0n).to.equal(true)

    const early = await client.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })
    await client.cancel({ workload: early.workload })
    expect(await agreed(early.workload)).to.deep.equal([])

    const late = await drawn(1)
    await prover.accept(network, late.workload, late.seats[0]!)
    await (await client.contracts.market.cancel(late.spec, [])).wait()
    await network.chain.pass(7)
    await (await client.contracts.market.cancel(late.spec, late.seats)).wait()
    expect((await agreed(late.workload)).map(({ seat }) => seat)).to.deep.equal(late.seats)
  })

  it('a cancel pays those that accepted in time and have not failed since, and an audit knows who they are', async () => {
    const { workload, spec, seats } = await drawn(3)
    const [early, failed, late] = seats as [number, number, number]
    await prover.accept(network, workload, early)
    await prover.accept(network, workload, failed)
    await prover.fail(network, spec, failed, 'ProgramFailed')
    await network.chain.pass(RUN_TIME / 10 + 1)
    await prover.accept(network, workload, late)
    await (await client.contracts.market.cancel(spec, [])).wait()
    await network.chain.pass(7)
    await (await client.contracts.market.cancel(spec, [early])).wait()
    const { want, have, agrees } = await auditPayments(client.contracts, workload)
    expect(agrees).to.be.true
    expect(want.slots.map(({ seat }) => seat)).to.deep.equal([early])
    expect(want.refunded).to.equal(want.pot - want.paid)
    expect(have.refunded).to.equal(want.refunded)
    expect(want.burned).to.equal(TOKEN / 2n)
  })

  it('finds a cancel that left out who had to be paid', async () => {
    const { workload, spec, seats } = await drawn(1)
    await prover.accept(network, workload, seats[0]!)
    await (await client.contracts.market.cancel(spec, [])).wait()
    await network.chain.pass(7)
    await (await client.contracts.market.cancel(spec, seats)).wait()
    const events: WorkloadEvent[] = []
    for await (const event of readEvents(client.contracts, { workload })) events.push(event as WorkloadEvent)
    // What the events of a market that paid nobody would say.
    const { want } = await auditPayments(client.contracts, workload)
    const { terms } = await client.getWorkload({ workload })
    const rules = { ...devnet.rules, assignBounty: 0n, settleBounty: 0n }
    const times = new Map(
      await Promise.all(
        events.map(async ({ at }) => [at.block, (await network.chain.provider.getBlock(at.block))!.timestamp] as const),
      ),
    )
    const silent = events.filter(({ name }) => name !== 'SlotSettled')
    const facts = {
      terms,
      rules,
      timeOf: ({ at }: WorkloadEvent) => times.get(at.block)!,
      operatorOf: () => '0x' as Hex,
    }
    expect(expectedPayments({ ...facts, events: silent }).slots.map(({ seat }) => seat)).to.deep.equal(
      want.slots.map(({ seat }) => seat),
    )
  })

  it('what a committee judged, and what none came together for', async () => {
    const { requester, chain } = network
    const { validator, draw, vote, windowOver } = await startCommittee(network)
    const judged = await client.deployProgram({
      prover: hexlify(randomBytes(32)),
      verifierProgram: hexlify(randomBytes(32)),
    })
    expect(requester.address).to.equal(client.account)

    const revealed = async (count: number) => {
      const { workload, spec } = await client.submit({
        program: judged.program,
        inputs: someInputs(),
        fee: 10n * TOKEN,
        maxRunTime: RUN_TIME,
        redundancy: 2,
      })
      await chain.mine(4)
      await client.assign({ workload })
      const seats = (await client.getWorkload({ workload })).slots.map(({ seat }) => seat)
      for (const seat of seats) await prover.commit(network, workload, seat)
      await chain.pass(2)
      for (const seat of seats.slice(0, count)) {
        const { contracts } = operatorOf(network, seat)
        await (await contracts.market.revealToCommittee(spec, seat, digestOf(PROOF), SALT, PROOF, '')).wait()
      }
      if (count < seats.length) await chain.pass(devnet.rules.revealWindow + 2)
      return { workload, spec, seats }
    }
    // The first committee has four of seven answers: no quorum. The second finds one of two proofs valid, five to two.
    const split = await revealed(2)
    await draw(split.workload, split.spec)
    await vote(split.workload, 0b11, [0, 1, 2, 3])
    await windowOver()
    await draw(split.workload, split.spec)
    await vote(split.workload, 0b10, [0, 1, 2, 3, 4])
    await vote(split.workload, 0b11, [5, 6])
    await windowOver()
    await windowOver()
    await client.settle({ workload: split.workload })
    const slots = await agreed(split.workload)
    expect(slots.map(({ seat, rank }) => [seat, rank])).to.deep.equal([[split.seats[1], 1]])
    const audit = await auditPayments(client.contracts, split.workload)
    expect(audit.verdict).to.deep.equal({ judged: true, valid: 0b10, parts: 14, members: 11 })
    expect(audit.have.committee).to.equal(11n * ((10n * TOKEN * 5n) / 100n / 14n))
    expect(audit.want.shares[0]! + audit.want.shares[1]!).to.be.closeTo(audit.want.pot, 2n)
    await committeesDrawnAgain(split.workload, [1, 2])

    // Two members withdraw their seats before anybody settles: nobody is left to be paid. A third does so afterwards.
    const late = await revealed(2)
    await draw(late.workload, late.spec)
    await vote(late.workload, 0b11, [0, 1, 2, 3, 4, 5, 6])
    const [first, second, third] = (await readCommittee(client.contracts, late.workload, 1)).map(({ seat }) => seat)
    await withdrawn(validator, [first!, second!])
    await client.settle({ workload: late.workload })
    await withdrawn(validator, [third!])
    expect((await agreed(late.workload)).map(({ rank }) => rank)).to.deep.equal([1, 2])
    const { verdict, have } = await auditPayments(client.contracts, late.workload)
    expect(verdict).to.deep.equal({ judged: true, valid: 0b11, parts: 7, members: 5 })
    expect(have.committee).to.equal(5n * ((10n * TOKEN * 5n) / 100n / 7n))

    // Nobody answers three times: whoever revealed shares half the pot.
    const stalled = await revealed(1)
    for (let attempt = 0; attempt < 3; attempt++) {
      await draw(stalled.workload, stalled.spec)
      await windowOver()
    }
    await client.settle({ workload: stalled.workload })
    expect((await agreed(stalled.workload)).map(({ seat, rank }) => [seat, rank])).to.deep.equal([
      [stalled.seats[0], 1],
    ])
    expect((await auditPayments(client.contracts, stalled.workload)).verdict).to.include({ judged: false })
  })

  it('nothing to audit yet, or nothing there', async () => {
    const { workload } = await client.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })
    const { contracts } = client
    await rejected(auditPayments(contracts, workload), 'CLIENT_NOTHING_TO_DO')
    await rejected(auditDraw(contracts, workload), 'CLIENT_NOTHING_TO_DO')
    await rejected(auditPayments(contracts, `0x${'12'.repeat(32)}`), 'CLIENT_WORKLOAD_UNKNOWN')
    await rejected(auditDraw(contracts, `0x${'12'.repeat(32)}`), 'CLIENT_WORKLOAD_UNKNOWN')
  })

  it('sees a committee of others than the first fit seats, or of a prover', () => {
    const bytes = (byte: string) => `0x${byte.repeat(32)}` as const
    const set = Array.from({ length: 30 }, (_, index) => index + 1)
    const operatorNumber = (seat: number) => `0x${String(seat).padStart(40, '0')}` as Address
    const candidates: readonly Candidate[] = set.map((seat) => ({
      ...{ seat, operator: operatorNumber(seat), priceFloor: 0n, status: 'Active' },
    }))
    const facts = { ...{ round: 1, epoch: 1, set, candidates, involved: [], have: [] as readonly number[] } }
    const drawn = (attempt: number, changed: Partial<CommitteeFacts> = {}) =>
      recomputeCommittee({
        ...facts,
        workload: bytes('12') as WorkloadId,
        randomness: bytes('34') as Bytes32,
        attempt,
        ...changed,
      })
    const first = drawn(1).want
    expect(first).to.have.length(7)
    expect(drawn(1, { have: first }).agrees).to.equal(true)
    expect(drawn(2).want).to.not.deep.equal(first)
    expect(drawn(4).want).to.have.length(15)
    // A member that had committed, or was out of the set by then, is passed over for the next of the sequence.
    const [prover, ...others] = first
    const replaced = drawn(1, { have: first, involved: [operatorNumber(prover!)] })
    expect(replaced.agrees).to.equal(false)
    expect(replaced.want.slice(0, 6)).to.deep.equal(others)
    const dropped = candidates.map((one): Candidate => (one.seat === prover ? { ...one, status: 'Dropped' } : one))
    expect(drawn(1, { candidates: dropped, have: first })).to.deep.equal({ ...replaced, agrees: false })
    expect(drawn(1, { have: [...others, prover!] }).agrees).to.equal(false)
    expect(drawn(1, { randomness: bytes('00') as Bytes32, have: first })).to.deep.include({ agrees: false, want: [] })
  })

  it('sees a rank given by anything but commit order', () => {
    const at = {
      block: 1,
      blockHash: `0x${'00'.repeat(32)}`,
      transaction: `0x${'00'.repeat(32)}`,
      logIndex: 0,
    } as const
    const event = (name: string, args: object) => ({ contract: 'market', at, name, args }) as unknown as WorkloadEvent
    const facts = (first: number, second: number) => ({
      terms: { fee: 10n * TOKEN, maxRunTime: 100, redundancy: 2 },
      rules: { baseBurnBps: 500, assignBounty: 0n, settleBounty: 0n, committeeBps: 500, responseWindow: 20 },
      events: [
        event('Assigned', { candidates: [] }),
        event('Committed', { seat: first, slot: 0, order: 0, commitment: 1n }),
        event('Committed', { seat: second, slot: 1, order: 1, commitment: 1n }),
        event('Revealed', { seat: 7, valid: true }),
        event('Revealed', { seat: 8, valid: true }),
        event('Finished', { outcome: 'Proven' }),
      ],
      timeOf: () => 0,
      operatorOf: (seat: number): Hex => `0x${seat}`,
    })
    expect(expectedPayments(facts(7, 8)).slots.map(({ seat }) => seat)).to.deep.equal([7, 8])
    expect(expectedPayments(facts(8, 7)).slots.map(({ seat }) => seat)).to.deep.equal([8, 7])
  })
})
