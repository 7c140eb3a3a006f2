import type { GevulotEvent } from '../chain/events.js'
import type { WorkloadId } from '../chain/hex.js'

/** What a member of a committee earned for one answer, token units. */
export interface PaidVerdict {
  readonly seat: number
  readonly amount: bigint
}

interface Judging {
  /** Seats that answered and were not slashed for it, by attempt. */
  readonly answers: Map<number, Set<number>>
  /** Whether an appeal changed the verdict. */
  changed: boolean
}

/** Number of the attempt that hears an appeal, as in the contract `Committee`. */
const APPEAL = 4

/**
 * Follows from the events of all committees which of their members are paid: the market pays for the verdict that stands, the bond of a lost
 * appeal pays those that heard it. Mirrors `Committee._conclusionOf` and `_closeAppeal`.
 */
export class VerdictPay {
  readonly #judgings = new Map<WorkloadId, Judging>()
  readonly #withdrawn = new Set<number>()

  /** Takes the next event, in order. @returns Who is paid by it. */
  add(event: GevulotEvent): readonly PaidVerdict[] {
    switch (event.name) {
      case 'Voted':
        this.#answersOf(event.args.workload, event.args.attempt).add(event.args.seat)
        return []
      case 'Equivocated':
        this.#answersOf(event.args.workload, event.args.attempt).delete(event.args.seat)
        return []
      case 'Withdrawn':
        // A seat that is gone has no operator to pay.
        if ('seat' in event.args) this.#withdrawn.add(event.args.seat)
        return []
      case 'AppealClosed': {
        const { workload, changed, paid } = event.args
        this.#judgingOf(workload).changed = changed
        const members = this.#members(workload, [APPEAL])
        const each = members.length === 0 ? 0n : paid / BigInt(members.length)
        return each === 0n ? [] : members.map((seat) => ({ seat, amount: each }))
      }
      case 'Judged': {
        const { workload, each } = event.args
        const members = this.#members(workload, this.#judgingOf(workload).changed ? [APPEAL] : [1, 2, 3])
        this.#judgings.delete(workload)
        return each === 0n ? [] : members.map((seat) => ({ seat, amount: each }))
      }
      default:
        return []
    }
  }

  /** Who answered in these attempts; a seat that was drawn twice is there twice. */
  #members(workload: WorkloadId, attempts: readonly number[]): readonly number[] {
    return attempts
      .flatMap((attempt) => [...this.#answersOf(workload, attempt)])
      .filter((seat) => !this.#withdrawn.has(seat))
  }

  #answersOf(workload: WorkloadId, attempt: number): Set<number> {
    const { answers } = this.#judgingOf(workload)
    const seats = answers.get(attempt) ?? new Set()
    answers.set(attempt, seats)
    return seats
  }

  #judgingOf(workload: WorkloadId): Judging {
    const judging = this.#judgings.get(workload) ?? { answers: new Map(), changed: false }
    this.#judgings.set(workload, judging)
    return judging
  }
}
