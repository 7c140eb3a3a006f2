import { concat, keccak256, toBeHex } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import type { WorkloadEvent } from './events.js'
import { toWorkloadId, type Address, type Hex, type WorkloadId } from './hex.js'
import { OPEN_SLOT } from './names.js'
import { readWorkloadEvents } from './readWorkloadEvents.js'
import { rankShares } from './rewards.js'
import { readSeatOwners, type SeatOwner } from './seatOwners.js'
import { specOf, type Spec } from './spec.js'

/** What a proven workload leaves behind for network rewards. Mirrors contracts/interfaces/IRewards.sol. */
export interface Receipt {
  readonly spec: Spec
  /** What burned of the fee, token units. */
  readonly burned: bigint
  /** One word for each paid rank, in order: see {@link receiptEntry}. */
  readonly entries: readonly bigint[]
}

/** The bits of a receipt's hash that the market keeps. Mirrors `Receipt.MASK`. */
export const RECEIPT_MASK = ((1n << 80n) - 1n) | (((1n << 36n) - 1n) << 176n) | (((1n << 37n) - 1n) << 219n)

/** Added to the commit order of an open slot's proof. Mirrors `Receipt.OPEN_RANK`. */
const OPEN_RANK = 32

/** An entry of a receipt: operator, seat, commit order. Mirrors `Receipt.entry`. */
export function receiptEntry(operator: Hex, seat: number, order: number, isOpen: boolean): bigint {
  return (BigInt(order + (isOpen ? OPEN_RANK : 0)) << 184n) | (BigInt(seat) << 160n) | BigInt(operator)
}

/**
 * The points that a receipt gives an operator, token units: what it can earn at most by showing it. Mirrors `Rewards._give` for programs and
 * requesters that are not listed.
 */
export function pointsOf(
  { burned, entries }: Pick<Receipt, 'burned' | 'entries'>,
  kappaBps: bigint,
  operator: Hex,
): bigint {
  if (entries.length === 0) return 0n
  const shares = rankShares((burned * kappaBps) / 10_000n, entries.length)
  return entries.reduce((sum, entry, rank) => {
    // An open slot's proof earns only when it was committed before all others.
    const isOurs = (entry & ((1n << 160n) - 1n)) === BigInt(operator) && entry >> 184n <= BigInt(OPEN_RANK)
    return isOurs ? sum + (shares[rank] ?? 0n) : sum
  }, 0n)
}

/** What the market keeps of a receipt. Mirrors `Receipt.hash`. */
export function receiptHash(workload: Hex, { burned, entries }: Pick<Receipt, 'burned' | 'entries'>): bigint {
  const words = [burned, ...entries].map((word) => toBeHex(word, 32))
  return BigInt(keccak256(concat([workload, ...words]))) & RECEIPT_MASK
}

/**
 * Puts a workload's receipt together from its events and compares it with what the market kept.
 * @returns The receipt; undefined while the workload has not ended, and where nobody proved it.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_HEX_INVALID; CHAIN_EVENT_MALFORMED if events and market do not agree
 */
export async function readReceipt(contracts: Contracts, workload: Hex): Promise<Receipt | undefined> {
  const id: WorkloadId = toWorkloadId(workload)
  const all = await readWorkloadEvents(contracts, id)
  const events = all.filter((event): event is WorkloadEvent => 'workload' in event.args)
  return receiptOf(contracts, id, events, (seats) => readSeatOwners(contracts, seats))
}

/**
 * The same from events that were read already.
 * @param ownersOf Whose the seats were when the workload ended. The market writes down the operator a seat had then; it may be withdrawn since.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_EVENT_MALFORMED; what `ownersOf` throws
 */
export async function receiptOf(
  contracts: Contracts,
  workload: WorkloadId,
  events: readonly WorkloadEvent[],
  ownersOf: (seats: readonly number[]) => Promise<ReadonlyMap<number, Pick<SeatOwner, 'operator'>>>,
): Promise<Receipt | undefined> {
  const submitted = events.find((event) => event.name === 'Submitted')
  const finished = events.find((event) => event.name === 'Finished')
  if (submitted === undefined || finished?.args.outcome !== 'Proven') return undefined
  const ranked = events
    .flatMap((event) => (event.name === 'SlotSettled' && event.args.rank !== 0 ? [event.args] : []))
    .sort((a, b) => a.rank - b.rank)
  const owners = await ownersOf(ranked.map(({ seat }) => seat))
  const entries = ranked.map(({ seat }) => {
    // A lone proof is no commit: it counts as the first.
    const commit = events.findLast((event) => event.name === 'Committed' && event.args.seat === seat)
    const { order, slot } = commit?.name === 'Committed' ? commit.args : { order: 0, slot: 0 }
    return receiptEntry(operatorOf(owners, workload, seat), seat, order, slot === OPEN_SLOT)
  })
  const receipt = { spec: specOf(submitted.args), burned: finished.args.burned, entries }
  const kept = await keptOf(contracts, workload)
  if (kept !== receiptHash(workload, receipt)) {
    throw chainError(
      'CHAIN_EVENT_MALFORMED',
      `the events of ${workload} do not give the receipt that the market kept`,
      {
        details: { workload },
      },
    )
  }
  return receipt
}

function operatorOf(
  owners: ReadonlyMap<number, Pick<SeatOwner, 'operator'>>,
  workload: WorkloadId,
  seat: number,
): Address {
  const owner = owners.get(seat)
  if (owner !== undefined) return owner.operator
  throw chainError('CHAIN_EVENT_MALFORMED', `no event says who staked seat ${seat}, which has a rank in ${workload}`, {
    details: { workload, seat },
  })
}

async function keptOf({ market }: Contracts, workload: WorkloadId): Promise<bigint> {
  try {
    return await market.receiptOf(workload)
  } catch (error) {
    throw asChainError(error, `reading the receipt of ${workload}`)
  }
}
