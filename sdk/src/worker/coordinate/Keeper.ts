import { id as hashOf } from 'ethers'
import {
  asChainError,
  readJudgment,
  readSeatLists,
  type Address,
  type Contracts,
  type Rules,
  type WorkloadState,
} from '../../chain/index.js'
import { IBeacon__factory } from '../../chain/generated/factories/IBeacon__factory.js'
import type { Clock } from '../../clock.js'
import type { KeeperDuty } from '../config/WorkerConfig.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { TxRequest } from '../publish/TxOutcome.js'
import type { Appellant } from './Appellant.js'
import type { BeaconRelay } from './BeaconRelay.js'
import type { ChainFacts } from './ChainFacts.js'
import type { CommitteeCalls } from './CommitteeCalls.js'
import type { Dossier } from './Dossier.js'
import type { KeeperBatches } from './KeeperBatches.js'
import type { MarketCalls } from './MarketCalls.js'
import { Pauses } from './Pauses.js'

/** What a {@link Keeper} needs. */
export interface KeeperOptions {
  readonly contracts: Contracts
  readonly calls: MarketCalls
  readonly committeeCalls: CommitteeCalls
  readonly chain: ChainFacts
  readonly batches: KeeperBatches
  readonly relay: BeaconRelay
  readonly appellant: Appellant
  readonly time: ChainTime
  readonly clock: Clock
  readonly operator: Address
  /** What to do for everybody's workloads, not only for those with a seat of ours; those are always settled. */
  readonly duties: readonly KeeperDuty[]
  readonly spreadSeconds: number
  /** An act ended; look at the workload again. */
  readonly onChange: (dossier: Dossier) => void
}

const RETRY_SECONDS = 4
// Mirrors the market's constant of that name: epochs in which a draw is possible.
const ASSIGN_EPOCHS = 3

/** Does what anyone may do, for the bounty or to be paid: draw seats, settle, report the silence of others. */
export class Keeper {
  readonly #options: KeeperOptions
  readonly #pauses: Pauses

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /**
   * Does what is due for a workload.
   * @returns When to look again (chain time), or `never` before something happens to the workload.
   */
  async reconcile(dossier: Dossier, state: WorkloadState, isOurs: boolean): Promise<number | 'never'> {
    const { chain, duties } = this.#options
    if (duties.length === 0 && !isOurs) return 'never'
    const rules = await chain.rules(dossier.terms.rules)
    switch (state.phase) {
      case 'None':
        return 'never'
      case 'Pending':
        return duties.includes('assign') ? this.#assign(dossier, state, rules) : 'never'
      case 'Proving': {
        // A silence window may end before a long workload does.
        const slashAt = duties.includes('slash') ? await this.#slash(dossier, state, rules) : 'never'
        const isSettled = isOurs || duties.includes('settle')
        const settleAt = isSettled ? await this.#settle(dossier, state, rules) : 'never'
        return sooner(slashAt, settleAt)
      }
      case 'Final':
        return duties.includes('slash') ? this.#slash(dossier, state, rules) : 'never'
    }
  }

  async #assign(dossier: Dossier, state: WorkloadState, rules: Rules): Promise<number> {
    const { time, calls, relay, onChange } = this.#options
    // The spread would cost the requester time here; whoever comes second is stopped by the simulation.
    if (await this.#isTooLateToAssign(state)) this.#publish(dossier, calls.settle(dossier, []))
    else if (await this.#isRoundOut(rules.beacon, state.round)) this.#publish(dossier, calls.assign(dossier.workload))
    // Not awaited: other workloads must not wait for a slow endpoint.
    else void relay.relay(rules.beacon, state.round).then((isPublished) => isPublished && onChange(dossier))
    return time.now() + 1
  }

  async #settle(dossier: Dossier, state: WorkloadState, rules: Rules): Promise<number> {
    const { contracts, time, calls } = this.#options
    const now = time.now()
    if (!state.closedEarly && now <= state.deadline) return state.deadline + 1
    const revealEnd = state.deadline + rules.revealDelay + rules.revealWindow
    const isRevealed = state.valid + state.invalid + state.revealed >= state.commits
    const from = (isRevealed ? state.deadline : revealEnd) + 1 + this.#delayOf(dossier)
    if (now < from) return from
    if (state.revealed !== 0 && !(await this.#isJudged(dossier, rules))) return now + RETRY_SECONDS
    const { settle } = await readSeatLists(contracts, dossier.workload, dossier.events)
    this.#publish(dossier, calls.settle(dossier, settle))
    return now + RETRY_SECONDS
  }

  /** Whether a judged workload can be settled; brings the judging on if it waits for somebody to do so. */
  async #isJudged(dossier: Dossier, rules: Rules): Promise<boolean> {
    const { contracts, committeeCalls, relay, appellant, onChange } = this.#options
    const judgment = await readJudgment(contracts, dossier.workload)
    if (judgment.stage === 'Appealable') await appellant.consider(dossier, judgment, rules)
    const request = await committeeCalls.next(dossier, judgment, rules)
    if (request !== undefined) this.#publish(dossier, request)
    else if (judgment.stage === 'Drawing')
      void relay.relay(rules.beacon, judgment.round).then((isPublished) => isPublished && onChange(dossier))
    return judgment.stage === 'Final' || judgment.stage === 'GivenUp'
  }

  async #slash(dossier: Dossier, state: WorkloadState, rules: Rules): Promise<number | 'never'> {
    if (state.dutyEnded) return 'never'
    const { contracts, time, calls } = this.#options
    const own = this.#ownSeatsIn(dossier)
    const lists = await readSeatLists(contracts, dossier.workload, dossier.events)
    // A report of one's own seat earns nothing and costs a slash that others may not come to ask for.
    const slash = lists.slash.filter((seat) => !own.has(seat))
    if (slash.length === 0) return 'never'
    const from = state.startedAt + rules.silenceWindow + 1 + this.#delayOf(dossier)
    const now = time.now()
    if (now < from) return from
    this.#publish(dossier, calls.slash(dossier, slash))
    return now + RETRY_SECONDS
  }

  #publish(dossier: Dossier, request: TxRequest): void {
    const { batches, onChange } = this.#options
    if (batches.isPending(request.key) || !this.#pauses.isOver(request.key)) return
    // Not awaited: other workloads must not wait for this one's block.
    void batches
      .publish(request)
      .then(({ kind }) => (kind === 'mined' ? this.#pauses.end(request.key) : this.#pauses.lengthen(request.key)))
      .finally(() => onChange(dossier))
  }

  async #isTooLateToAssign({ epoch }: WorkloadState): Promise<boolean> {
    try {
      const current = await this.#options.contracts.registry.currentEpoch({ blockTag: 'pending' })
      return Number(current) > epoch + ASSIGN_EPOCHS
    } catch (error) {
      throw asChainError(error, 'reading the current epoch')
    }
  }

  async #isRoundOut(beacon: Address, round: number): Promise<boolean> {
    const { provider } = this.#options.contracts
    try {
      return BigInt(await IBeacon__factory.connect(beacon, provider).value(round, { blockTag: 'pending' })) !== 0n
    } catch (error) {
      throw asChainError(error, `reading beacon round ${round}`)
    }
  }

  /** Seats of the operator that were drawn, whether this worker works for them or another one. */
  #ownSeatsIn({ events }: Dossier): ReadonlySet<number> {
    const drawn = events.flatMap((event) => (event.name === 'Assigned' ? event.args.candidates : []))
    return new Set(drawn.filter((candidate) => candidate.operator === this.#options.operator).map(({ seat }) => seat))
  }

  /** This keeper's own part of the spread, different for each workload. */
  #delayOf({ workload }: Dossier): number {
    const { operator, spreadSeconds } = this.#options
    return Number(BigInt(hashOf(`${operator}/${workload}`)) % BigInt(spreadSeconds + 1))
  }
}

function sooner(a: number | 'never', b: number | 'never'): number | 'never' {
  if (a === 'never') return b
  return b === 'never' ? a : Math.min(a, b)
}
