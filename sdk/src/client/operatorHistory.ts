import { blockTimes } from '../chain/blockTimes.js'
import type { GevulotEvent, LogPosition } from '../chain/events.js'
import { toAddress, type Address, type Bytes32, type Hex, type ProgramId, type WorkloadId } from '../chain/hex.js'
import { OPEN_SLOT, type FailReason, type Outcome } from '../chain/names.js'
import { readEvents } from '../chain/readEvents.js'
import type { Client } from './Client.js'
import { call, type CallOptions } from './call.js'
import { VerdictPay } from './VerdictPay.js'

/** What a seat did for a workload, as the chain has it so far. */
export interface HistoryOfWork {
  readonly kind: 'work'
  /** Unix time of its last event. */
  readonly at: number
  readonly workload: WorkloadId
  readonly program: ProgramId
  readonly seat: number
  /** Whether it took up an open slot, not one it was drawn for. */
  readonly open: boolean
  readonly answer: 'none' | 'accepted' | 'declined' | 'failed' | 'committed' | 'silent'
  /** With `failed`. */
  readonly reason?: FailReason
  /** Of the workload, once it is over. */
  readonly outcome?: Outcome
  /** From 1; 0: none. */
  readonly rank: number
  /** Token units. */
  readonly paid: bigint
  readonly missed: boolean
  /** Token units taken from the bond for silence. */
  readonly slashed: bigint
  /** Epoch of network rewards in which the workload was recorded. */
  readonly recorded?: number
}

/** Something that happened to a seat or to the account beside its work. */
export interface HistoryOfMoney {
  /**
   * `verdict`: pay for an answer in a committee; `appeal`: what of an appeal's bond did not come back; `slash` for two verdicts, `eviction` from a
   * check, `drop` out of the active set, `rewards` claimed.
   */
  readonly kind: 'verdict' | 'appeal' | 'slash' | 'eviction' | 'drop' | 'rewards'
  readonly at: number
  readonly seat?: number
  /** With `verdict` and `appeal`. */
  readonly workload?: WorkloadId
  /** Token units: gained by `verdict` and `rewards`, lost otherwise. */
  readonly amount: bigint
  readonly transaction: Bytes32
}

/** What an operator did, earned and lost. Amounts are token units. */
export interface OperatorHistory {
  readonly operator: Address
  /** Oldest first. */
  readonly entries: readonly (HistoryOfWork | HistoryOfMoney)[]
  readonly totals: {
    readonly workloads: number
    readonly paid: bigint
    /** For answers in committees. */
    readonly verdicts: bigint
    /** Bonds of appeals that did not come back. */
    readonly appeals: bigint
    readonly rewards: bigint
    readonly missed: number
    readonly slashed: bigint
    readonly evictionCharges: bigint
  }
}

/** Parameters of {@link operatorHistory}. */
export interface OperatorHistoryParams extends CallOptions {
  readonly operator: Hex
  /** Entries whose last event is at this Unix time or later; earlier ones are left out. */
  readonly since?: number
}

type Work = { -readonly [K in keyof HistoryOfWork]: HistoryOfWork[K] }
type Dated<T> = Omit<T, 'at'> & { block: number }

const NAMES = [
  ...(['Staked', 'Submitted', 'Assigned', 'Accepted', 'Declined', 'Failed', 'Committed', 'Revealed'] as const),
  ...(['SlotSettled', 'Missed', 'Finished', 'Silent', 'Slashed', 'Evicted', 'Dropped', 'Recorded', 'Claimed'] as const),
  ...(['Voted', 'Equivocated', 'Judged', 'Appealed', 'AppealClosed', 'Withdrawn'] as const),
]

/**
 * Reads from the chain alone what an operator's seats did, earned and lost, as provers and as validators.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export function operatorHistory(client: Client, params: OperatorHistoryParams): Promise<OperatorHistory> {
  return call(client, params, async (client) => {
    const { contracts } = client
    const operator = toAddress(params.operator)
    const fold = new Fold(operator)
    const options = { names: NAMES, rewards: true, ...(params.signal && { signal: params.signal }) }
    for await (const event of readEvents(contracts, options)) fold.add(event)
    const all = fold.entries()
    const times = await blockTimes(
      contracts,
      all.map(({ block }) => block),
      params.signal,
    )
    const entries = all
      .map(({ block, ...entry }) => ({ ...entry, at: times.get(block) ?? 0 }))
      .filter(({ at }) => at >= (params.since ?? 0))
      .sort((a, b) => a.at - b.at)
    return { operator, entries, totals: totalsOf(entries) }
  })
}

/** Events in order, folded into entries. */
class Fold {
  readonly #operator: Address
  readonly #seats = new Set<number>()
  readonly #programs = new Map<WorkloadId, ProgramId>()
  readonly #work = new Map<string, Dated<Work>>()
  readonly #byWorkload = new Map<WorkloadId, Dated<Work>[]>()
  readonly #money: Dated<HistoryOfMoney>[] = []
  /** Slashes by transaction and seat whose workload is not known, and workloads of seats that were silent. */
  readonly #slashes = new Map<string, Dated<HistoryOfMoney>>()
  readonly #silent = new Map<string, WorkloadId>()
  readonly #verdicts = new VerdictPay()
  /** Bonds of our appeals that are not closed. */
  readonly #appeals = new Map<WorkloadId, bigint>()

  constructor(operator: Address) {
    this.#operator = operator
  }

  entries(): readonly (Dated<Work> | Dated<HistoryOfMoney>)[] {
    return [...this.#work.values(), ...this.#money, ...this.#slashes.values()]
  }

  add(event: GevulotEvent): void {
    const { at } = event
    for (const { seat, amount } of this.#verdicts.add(event)) {
      const { workload } = event.args as { readonly workload: WorkloadId }
      if (this.#seats.has(seat)) this.#happened('verdict', this.#operator, at, amount, { seat, workload })
    }
    switch (event.name) {
      case 'Staked':
        if (event.args.operator === this.#operator) this.#seats.add(event.args.seat)
        return
      case 'Submitted':
        this.#programs.set(event.args.workload, event.args.program)
        return
      case 'Assigned':
        for (const { seat, slot } of event.args.candidates) {
          if (slot !== OPEN_SLOT) this.#change(event.args.workload, seat, at, {})
        }
        return
      case 'Accepted':
        return this.#change(event.args.workload, event.args.seat, at, { answer: 'accepted' })
      case 'Declined':
        return this.#change(event.args.workload, event.args.seat, at, { answer: 'declined' })
      case 'Failed': {
        const { workload, seat, reason } = event.args
        return this.#change(workload, seat, at, { answer: 'failed', reason })
      }
      case 'Committed': {
        const { workload, seat, slot } = event.args
        return this.#change(workload, seat, at, { answer: 'committed', ...(slot === OPEN_SLOT && { open: true }) })
      }
      case 'Revealed':
        return this.#change(event.args.workload, event.args.seat, at, { answer: 'committed' })
      case 'SlotSettled': {
        const { workload, seat, rank, paid } = event.args
        return this.#change(workload, seat, at, { rank, paid })
      }
      case 'Missed':
        return this.#change(event.args.workload, event.args.seat, at, { missed: true })
      case 'Finished':
        for (const work of this.#byWorkload.get(event.args.workload) ?? []) work.outcome = event.args.outcome
        return
      case 'Recorded':
        for (const work of this.#byWorkload.get(event.args.workload) ?? []) {
          if (work.rank > 0) work.recorded = event.args.epoch
        }
        return
      // Market and registry tell of one slash, in either order: of the same seat in the same transaction.
      case 'Silent': {
        const { workload, seat } = event.args
        const key = `${at.transaction}/${seat}`
        const slash = this.#slashes.get(key)
        this.#slashes.delete(key)
        this.#silent.set(key, workload)
        return this.#change(workload, seat, at, { answer: 'silent', slashed: slash?.amount ?? 0n })
      }
      case 'Slashed': {
        const { seat, operator, amount } = event.args
        if (operator !== this.#operator) return
        const { block, transaction } = at
        const key = `${transaction}/${seat}`
        const workload = this.#silent.get(key)
        if (workload !== undefined) return this.#change(workload, seat, at, { slashed: amount })
        this.#slashes.set(key, { kind: 'slash', block, seat, amount, transaction })
        return
      }
      case 'Appealed':
        if (event.args.appellant === this.#operator) this.#appeals.set(event.args.workload, event.args.bond)
        return
      case 'AppealClosed': {
        const { workload, returned } = event.args
        const lost = (this.#appeals.get(workload) ?? 0n) - returned
        if (lost > 0n) this.#happened('appeal', this.#operator, at, lost, { workload })
        this.#appeals.delete(workload)
        return
      }
      case 'Evicted':
        return this.#happened('eviction', event.args.operator, at, event.args.charge, { seat: event.args.seat })
      case 'Dropped':
        return this.#happened('drop', event.args.operator, at, 0n, { seat: event.args.seat })
      case 'Claimed':
        return this.#happened('rewards', event.args.operator, at, event.args.amount)
      default:
        return
    }
  }

  #happened(
    kind: HistoryOfMoney['kind'],
    of: Address,
    at: LogPosition,
    amount: bigint,
    about: Pick<HistoryOfMoney, 'seat' | 'workload'> = {},
  ): void {
    if (of !== this.#operator) return
    const { block, transaction } = at
    this.#money.push({ kind, block, amount, transaction, ...about })
  }

  #change(workload: WorkloadId, seat: number, { block }: LogPosition, change: Partial<Work>): void {
    const program = this.#programs.get(workload)
    if (!this.#seats.has(seat) || program === undefined) return
    const key = `${workload}/${seat}`
    let work = this.#work.get(key)
    if (work === undefined) {
      const nothing = { open: false, answer: 'none', rank: 0, paid: 0n, missed: false, slashed: 0n } as const
      work = { kind: 'work', block, workload, program, seat, ...nothing }
      this.#work.set(key, work)
      this.#byWorkload.set(workload, [...(this.#byWorkload.get(workload) ?? []), work])
    }
    Object.assign(work, change, { block })
  }
}

function totalsOf(entries: OperatorHistory['entries']): OperatorHistory['totals'] {
  const work = entries.filter((entry) => entry.kind === 'work')
  const money = entries.filter((entry) => entry.kind !== 'work')
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
  const of = (kind: HistoryOfMoney['kind']): bigint =>
    sum(money.filter((entry) => entry.kind === kind).map(({ amount }) => amount))
  return {
    workloads: new Set(work.map(({ workload }) => workload)).size,
    paid: sum(work.map(({ paid }) => paid)),
    verdicts: of('verdict'),
    appeals: of('appeal'),
    rewards: of('rewards'),
    missed: work.filter(({ missed }) => missed).length,
    slashed: sum(work.map(({ slashed }) => slashed)) + of('slash'),
    evictionCharges: of('eviction'),
  }
}
