import { expect } from 'chai'
import { auditDraw, type DrawAudit } from '../../sdk/src/audit/auditDraw.js'
import type { Contracts } from '../../sdk/src/chain/connect.js'
import { drawSeed } from '../../sdk/src/chain/draw.js'
import type {
  CommitteeEventArguments,
  MarketEvent,
  MarketEventArguments,
  RegistryEventArguments,
  RewardsEventArguments,
} from '../../sdk/src/chain/events.js'
import type { TypedContractEvent } from '../../sdk/src/chain/generated/common.js'
import type { ICommittee } from '../../sdk/src/chain/generated/ICommittee.js'
import type { IMarket } from '../../sdk/src/chain/generated/IMarket.js'
import type { ProverRegistry } from '../../sdk/src/chain/generated/ProverRegistry.js'
import type { Rewards } from '../../sdk/src/chain/generated/Rewards.js'
import type { Hex } from '../../sdk/src/chain/hex.js'
import { DRAWS, nameAt } from '../../sdk/src/chain/names.js'
import { readEvents } from '../../sdk/src/chain/readEvents.js'
import { specOf, workloadIdOf, type Spec } from '../../sdk/src/chain/spec.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { aProgram, prover, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'

/** The arguments that the ABI gives an event: events.ts must name the same, or this file does not compile. */
type AbiArguments<Filters, Name extends keyof Filters> =
  Filters[Name] extends TypedContractEvent<infer _Input, infer _Output, infer Outputs> ? keyof Outputs : never
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
type MarketChecked = {
  [N in keyof MarketEventArguments]: Same<keyof MarketEventArguments[N], AbiArguments<IMarket['filters'], N>>
}
type RegistryChecked = {
  [N in keyof RegistryEventArguments]: Same<keyof RegistryEventArguments[N], AbiArguments<ProverRegistry['filters'], N>>
}
type CommitteeChecked = {
  [N in keyof CommitteeEventArguments]: Same<keyof CommitteeEventArguments[N], AbiArguments<ICommittee['filters'], N>>
}
type RewardsChecked = {
  [N in keyof RewardsEventArguments]: Same<keyof RewardsEventArguments[N], AbiArguments<Rewards['filters'], N>>
}
const marketNames: Record<keyof MarketChecked, MarketChecked[keyof MarketChecked]> = {
  Admitted: true, ListOpened: true, ItemFailed: true, GuardianOffered: true, GuardianSet: true, PauseSet: true, ClockDoubted: true, Deposited: true, Withdrawn: true, FeesBurned: true, ProgramDeployed: true, RulesAdded: true, ClassTermsSet: true,
  Submitted: true, Assigned: true, Accepted: true, Declined: true, Failed: true, Committed: true, CommitsClosed: true,
  CancelRequested: true, Revealed: true, RevealedToCommittee: true, Judged: true, SlotSettled: true,
  Missed: true, Finished: true, Silent: true,
} // prettier-ignore
const registryNames: Record<keyof RegistryChecked, RegistryChecked[keyof RegistryChecked]> = {
  AdmissionOpened: true, OperatorAdmitted: true, ClassBondSet: true, Staked: true, Waiting: true, Joined: true, Left: true, Dropped: true,
  Slashed: true, Evicted: true, ToppedUp: true, Withdrawn: true, DeclineCounted: true, BountyWithdrawn: true, SlashesBurned: true,
} // prettier-ignore
const committeeNames: Record<keyof CommitteeChecked, CommitteeChecked[keyof CommitteeChecked]> = {
  JudgingOpened: true, CommitteeDrawn: true, Voted: true, VerdictReached: true, Appealed: true, AppealClosed: true,
  VerdictMissed: true, Equivocated: true, OwedWithdrawn: true,
} // prettier-ignore
const rewardsNames: Record<keyof RewardsChecked, RewardsChecked[keyof RewardsChecked]> = {
  Recorded: true, Claimed: true, Funded: true, EpochOpened: true, EpochClosed: true, ParametersSet: true,
  ProgramListed: true, RequesterListed: true,
} // prettier-ignore

describe('chain: audit of draws', function () {
  this.timeout(120_000)
  let network: Network
  let contracts: Contracts
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    ;({ contracts } = client)
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  /** The viewer contract tells the same draw, asked before it for what will happen and after it for what did. */
  async function viewed(spec: Spec, { round, epoch, want }: DrawAudit, { at }: MarketEvent): Promise<void> {
    const before = await contracts.viewer.previewDraw(spec, { blockTag: at.block - 1 })
    const after = await contracts.viewer.reviewDraw(spec, round, epoch, { blockTag: at.block })
    expect(after.agrees).to.equal(true)
    for (const { candidates } of [before, after]) {
      const seen = candidates.map(({ seat, operator, draw, slot }) => ({
        seat: Number(seat),
        operator,
        draw: nameAt(DRAWS, draw),
        slot: Number(slot),
      }))
      expect(seen).to.deep.equal(want)
    }
  }

  it('knows every event of the contracts', () => {
    const names = (abi: { forEachEvent(callback: (event: { name: string }) => void): void }) => {
      const found: string[] = []
      abi.forEachEvent(({ name }) => found.push(name))
      return found.filter((name) => !name.startsWith('Ownership'))
    }
    expect(Object.keys(marketNames)).to.have.members(names(contracts.market.interface))
    expect(Object.keys(committeeNames)).to.have.members(names(contracts.committee.interface))
    expect(Object.keys(registryNames)).to.have.members(names(contracts.registry.interface))
    // Its ABI lists what an interface of the market declares, too.
    const ofRewards = names(contracts.rewards.interface).filter((name) => !(name in marketNames))
    expect(Object.keys(rewardsNames)).to.have.members(ofRewards)
  })

  it('recomputes every draw from events, while seats come and go', async () => {
    const leaving = [3, 6, 1]
    let passed = 0
    for (let index = 0; index < 6; index++) {
      const redundancy = (index % 3) + 1
      const { workload, spec } = await client.submit({
        program,
        inputs: someInputs(),
        fee: 10n * TOKEN,
        maxRunTime: 100,
        redundancy,
      })
      expect(workloadIdOf(contracts.chainId, contracts.addresses.market, spec)).to.equal(workload)
      expect(await contracts.market.idOf(spec)).to.equal(workload)
      const seat = leaving[index]
      const operator = network.operators.find(({ seats }) => seat !== undefined && seats.includes(seat))
      if (operator !== undefined) await (await operator.contracts.registry.leaveSet([seat!])).wait()
      await network.chain.mine(4)
      await client.assign({ workload })
      const found: MarketEvent[] = []
      for await (const event of readEvents(contracts, { workload })) if (event.contract === 'market') found.push(event)
      const [submitted, assigned] = found
      if (submitted?.name !== 'Submitted' || assigned?.name !== 'Assigned') throw new Error('two events were expected')
      expect(specOf(submitted.args)).to.deep.equal(spec)
      const audit = await auditDraw(contracts, workload)
      expect(audit).to.include({ workload, seed: drawSeed(audit.randomness, workload) })
      expect(assigned.args.candidates).to.deep.equal(audit.want)
      expect(audit.agrees).to.equal(true)
      expect(audit.setSize).to.be.greaterThan(4)
      await viewed(spec, audit, assigned)
      passed += assigned.args.candidates.filter(({ draw }) => draw === 'Busy').length
      await network.chain.pass(network.parameters.epochLength)
    }
    // Drawn seats stay at work here, so later draws must have met some of them.
    expect(passed).to.be.greaterThan(0)
  })

  it('knows a seat that has no room: four workloads wait to be settled in its words', async () => {
    const fresh = await startNetwork()
    try {
      const requester = await fresh.client()
      await requester.deposit({ amount: 10_000n * TOKEN })
      const id = await aProgram(fresh, requester)
      const drawn = async (maxRunTime: number, redundancy = 1) => {
        const { workload, spec } = await requester.submit({
          program: id,
          inputs: someInputs(),
          fee: 10n * TOKEN,
          maxRunTime,
          redundancy,
        })
        await fresh.chain.mine(4)
        await requester.assign({ workload })
        const [slot] = (await requester.getWorkload({ workload })).slots
        return { workload, spec, seat: slot!.seat }
      }
      const full = fresh.operators[0]!.seats[0]!
      for (let words = 0; words < 4;) {
        const { workload, spec, seat } = await drawn(3_600)
        // An operator's own slot keeps it out of the open ones: then it proves, and the next draw may help.
        if (fresh.operators[0]!.seats.includes(seat)) await prover.submitProof(fresh, spec, seat)
        else {
          await prover.decline(fresh, spec, seat)
          await prover.commitOpen(fresh, workload, spec, full)
          words++
        }
      }
      // As many slots as there are seats: each seat is looked at.
      const { workload } = await drawn(100, 8)
      const audit = await auditDraw(requester.contracts, workload)
      expect(audit.agrees).to.equal(true)
      expect(audit.uncertain).to.deep.equal([])
      expect(audit.want.find(({ seat }) => seat === full)?.draw).to.equal('Busy')
      expect(await requester.contracts.market.isHeld(full)).to.equal(false)
    } finally {
      await fresh.chain.stop()
    }
  })
})
