import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import { drawSeed, offerOf, type Candidate } from '../chain/draw.js'
import type { LogPosition } from '../chain/events.js'
import { IBeacon__factory } from '../chain/generated/factories/IBeacon__factory.js'
import { toAddress, toWorkloadId, type Bytes32, type Hex } from '../chain/hex.js'
import { nameAt, OPEN_SLOT, SEAT_STATUSES } from '../chain/names.js'
import { readEvents } from '../chain/readEvents.js'
import { readFrozenSet } from '../chain/readFrozenSet.js'
import { readRules } from '../chain/rules.js'
import { readWorkloadEvents } from '../chain/readWorkloadEvents.js'
import { readWorkloadState } from '../chain/readWorkloadState.js'
import { unpackTerms } from '../chain/terms.js'
import { clientError } from '../errors/codes/client.js'
import type { DrawFacts } from './DrawFacts.js'
import { sequenceOf } from './recomputeDraw.js'
import { isFull } from './seatRoom.js'

/**
 * Reads what a draw follows from: the set from the registry's events up to the epoch of submission, the beacon's value, who was at work from
 * the block before and the events of the draw's own block. Needs a node that still has the state of those blocks.
 * @param options `fromBlock`: a block not later than the submission, to look at less of the chain; the deployment's first by default.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN if the workload was not submitted, CLIENT_NOTHING_TO_DO before the draw, `CHAIN_*`
 */
export async function readDrawFacts(
  contracts: Contracts,
  workload: Hex,
  options: { readonly fromBlock?: number } = {},
): Promise<DrawFacts> {
  const id = toWorkloadId(workload)
  const events = await readWorkloadEvents(contracts, id, options)
  const submitted = events.find((event) => event.name === 'Submitted')
  const assigned = events.find((event) => event.name === 'Assigned')
  if (submitted === undefined) throw clientError('CLIENT_WORKLOAD_UNKNOWN', `nobody submitted ${workload}`)
  if (assigned === undefined) throw clientError('CLIENT_NOTHING_TO_DO', `${workload} was not drawn`)
  const terms = unpackTerms(submitted.args.terms)
  const before = assigned.at.block - 1
  const [{ round, epoch }, { beacon }] = await Promise.all([
    readWorkloadState(contracts, id, before),
    readRules(contracts, terms.rules),
  ])
  const set = await readFrozenSet(contracts, terms.class, epoch)
  try {
    const randomness = (await IBeacon__factory.connect(beacon, contracts.provider).value(round, {
      blockTag: assigned.at.block,
    })) as Bytes32
    const seats = sequenceOf(drawSeed(randomness, id), set, terms.redundancy)
    const candidates = await Promise.all(seats.map((seat) => candidateAt(contracts, seat, before)))
    const { busy, uncertain } = await busyAmong(contracts, seats, assigned.at)
    return {
      ...{ workload: id, round, randomness, epoch, set, redundancy: terms.redundancy, offer: offerOf(terms) },
      ...{ candidates, busy: [...busy], uncertain: [...uncertain], have: assigned.args.candidates },
    }
  } catch (error) {
    throw asChainError(error, `auditing the draw of ${workload}`)
  }
}

/** What the registry says of a seat after a block. */
export async function candidateAt({ registry }: Contracts, seat: number, blockTag: number): Promise<Candidate> {
  const { operator, priceFloor, status } = await registry.seatOf(seat, { blockTag })
  return { seat, operator: toAddress(operator), priceFloor, status: nameAt(SEAT_STATUSES, status) }
}

/** Seats that could take no work just before the draw: in the block before, changed by what happened earlier in the same block. */
async function busyAmong(
  contracts: Contracts,
  seats: readonly number[],
  at: LogPosition,
): Promise<{ readonly busy: ReadonlySet<number>; readonly uncertain: ReadonlySet<number> }> {
  const { market } = contracts
  const before = at.block - 1
  const held = await Promise.all(seats.map((seat) => market.isHeld(seat, { blockTag: before })))
  const full = await Promise.all(seats.map((seat) => isFull(contracts, seat, before)))
  const busy = new Set(seats.filter((_, index) => held[index] === true || full[index] === true))
  const uncertain = new Set<number>()
  for await (const event of readEvents(contracts, { fromBlock: at.block, toBlock: at.block })) {
    if (event.at.logIndex >= at.logIndex) break
    if (event.name === 'Assigned') {
      for (const { seat, slot } of event.args.candidates) if (slot !== OPEN_SLOT) busy.add(seat)
    } else if ('seat' in event.args && CHANGES_WORK.has(event.name) && seats.includes(event.args.seat)) {
      // Whether it has room now follows from words that are gone.
      busy.delete(event.args.seat)
      uncertain.add(event.args.seat)
    }
  }
  return { busy, uncertain }
}

const CHANGES_WORK: ReadonlySet<string> = new Set([
  'Declined',
  'Failed',
  'Committed',
  'Revealed',
  'RevealedToCommittee',
  'SlotSettled',
  'Missed',
  'Silent',
])
