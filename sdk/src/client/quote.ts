import { contractError } from '../chain/contractErrorOf.js'
import type { Hex } from '../chain/hex.js'
import { rankShares, splitFee, type FeeSplit } from '../chain/rewards.js'
import { minimumFeeOf, readClassTerms, readRules } from '../chain/rules.js'
import { checkTerms } from './checkTerms.js'
import type { Client } from './Client.js'
import { getPinnedProgram } from './getProgram.js'
import { programHistory, type ProgramHistory, type ProgramHistoryParams } from './programHistory.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link quote}. */
export interface QuoteParams extends CallOptions {
  readonly program: Hex
  /** Seconds, 1 to 86 400. */
  readonly maxRunTime: number
  /** Ranked proofs paid for, 1 to 8; default 1. */
  readonly redundancy?: number
  /** The fee to explain, in token units; the minimum by default. */
  readonly fee?: bigint
  /** Also reads what became of the program's workloads: `true`, or how far back. It takes a request for some thousand blocks each. */
  readonly history?: boolean | Pick<ProgramHistoryParams, 'blocks' | 'workloads'>
}

/** Where the money of a workload goes, in token units. */
export interface Quote {
  readonly minimumFee: bigint
  readonly fee: bigint
  readonly split: FeeSplit
  /** What each rank earns, rank 1 first. */
  readonly ranks: readonly bigint[]
  /** What comes back and what burns, by how the workload ends. Bounties go to whoever does the work. */
  readonly outcomes: {
    /** By the number of valid proofs, one first: the shares of unfilled ranks burn, and parts of members that do not answer. */
    readonly proven: readonly Settled[]
    /** Provers answered and none delivered a valid proof; a committee that judged is paid its share of what burns. */
    readonly expired: Settled
    /** Nobody accepted or committed: the network's own absence is not charged. */
    readonly unserved: Settled
    /** Cancelled before the beacon round was fixed. */
    readonly cancelledEarly: Settled
    /** Cancelled after the draw; `refunded` is the most: provers that accepted share part of it, growing with time. */
    readonly cancelledLate: Settled
  }
  /** How the program's workloads ended, and how long its proofs took; there if it was asked for. */
  readonly history?: ProgramHistory
}

/** What comes back to the requester and what burns, in token units. */
export interface Settled {
  readonly refunded: bigint
  readonly burned: bigint
}

/**
 * What a workload costs and where the money goes.
 * @example
 * const { minimumFee, history } = await client.quote({ program, maxRunTime: 600, redundancy: 3, history: true })
 * if (history?.chance !== undefined) console.log(`${history.proven} of ${history.ended} were proven within that time`)
 * @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CONTRACT_CLASS_CLOSED, CONTRACT_FEE_TOO_LOW, CONTRACT_INVALID_TERMS, `CHAIN_*`;
 * the reason of `signal`
 */
export function quote(client: Client, params: QuoteParams): Promise<Quote> {
  return call(client, params, async (client) => {
    const { maxRunTime, redundancy = 1, signal } = params
    signal?.throwIfAborted()
    const program = await getPinnedProgram(client, params)
    const terms = await readClassTerms(client.contracts, program.class)
    if (terms.rules === 0) throw contractError('ClassClosed', 'quoting', { class: program.class })
    const minimumFee = minimumFeeOf(terms, maxRunTime, redundancy)
    const fee = params.fee ?? minimumFee
    checkTerms('quoting', { maxRunTime, redundancy, fee })
    if (fee < minimumFee) throw contractError('FeeTooLow', 'quoting', { fee, minimum: minimumFee })
    const split = splitFee(fee, await readRules(client.contracts, terms.rules), program.judged)
    const { baseBurn, settleBounty, committee, pot } = split
    // Without anything to judge nobody has to be paid for judging.
    const unjudged = pot + committee
    const ranks = rankShares(pot, redundancy)
    let unpaid = baseBurn + pot
    const back = params.history === true ? {} : params.history
    const history = back && (await programHistory(client, { program: params.program, maxRunTime, ...back, ...(signal && { signal }) })) // prettier-ignore
    return {
      minimumFee,
      fee,
      split,
      ranks,
      outcomes: {
        proven: ranks.map((share) => ({ refunded: 0n, burned: (unpaid -= share) })),
        expired: { refunded: 0n, burned: baseBurn + unjudged },
        unserved: { refunded: unjudged, burned: baseBurn },
        cancelledEarly: { refunded: fee, burned: 0n },
        cancelledLate: { refunded: unjudged + settleBounty, burned: baseBurn },
      },
      ...(history && { history }),
    }
  })
}
