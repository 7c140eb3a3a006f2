import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import type { Candidate } from '../chain/draw.js'
import type { CommitteeEvent, GevulotEvent, LogPosition } from '../chain/events.js'
import { IBeacon__factory } from '../chain/generated/factories/IBeacon__factory.js'
import type { Bytes32, WorkloadId } from '../chain/hex.js'
import { readEvents } from '../chain/readEvents.js'
import { readFrozenSet } from '../chain/readFrozenSet.js'
import { readRules } from '../chain/rules.js'
import { unpackTerms } from '../chain/terms.js'
import { chainError } from '../errors/codes/chain.js'
import { candidateAt } from './readDrawFacts.js'
import { APPEAL_ATTEMPT, committeeSeed, committeeSequence, recomputeCommittee } from './recomputeCommittee.js'

/** What an audit of the draw of one committee found. */
export interface CommitteeAudit {
  /** Whether the chain reports exactly the members that follow from seed and frozen set, in this order. */
  readonly agrees: boolean
  /** From 1; 4 for an appeal's. */
  readonly attempt: number
  readonly appeal: boolean
  readonly round: number
  /** The beacon's value, and what the sequence is drawn by: randomness, workload and attempt, hashed. */
  readonly randomness: Bytes32
  readonly seed: Bytes32
  /** Epoch whose set of validators was drawn from, and the number of its seats. */
  readonly epoch: number
  readonly setSize: number
  /** Seats of the members as the CommitteeDrawn event reports them. */
  readonly have: readonly number[]
  /** Seats recomputed here. */
  readonly want: readonly number[]
}

type Drawn = Extract<CommitteeEvent, { readonly name: 'CommitteeDrawn' }>

/**
 * Draws all committees of a workload again from the chain alone: the validators' set from the registry's events up to the epoch of each
 * opening, the sequence from the beacon's value, the workload's id and the attempt, and who had committed from the workload's events.
 * Needs a node that still has the state of those blocks.
 * @param events All events of the workload, in order.
 * @returns One for each committee that was drawn; none for a workload that a verifier contract judges.
 * @throws GevulotError `CHAIN_*`
 */
export async function auditCommittees(
  contracts: Contracts,
  workload: WorkloadId,
  events: readonly GevulotEvent[],
): Promise<CommitteeAudit[]> {
  const audits: CommitteeAudit[] = []
  for (const [index, event] of events.entries()) {
    if (event.name === 'CommitteeDrawn') audits.push(await auditOne(contracts, workload, events.slice(0, index), event))
  }
  return audits
}

async function auditOne(
  contracts: Contracts,
  workload: WorkloadId,
  earlier: readonly GevulotEvent[],
  { at, args: { attempt, seats: have } }: Drawn,
): Promise<CommitteeAudit> {
  const before = at.block - 1
  // An attempt that got no round is opened again: the last opening counts.
  const opened = earlier.findLast((event) => event.name === 'JudgingOpened' && event.args.attempt === attempt)
  if (opened?.name !== 'JudgingOpened') throw missing(workload, attempt, 'JudgingOpened')
  const { round, epoch } = opened.args
  const submitted = earlier.find((event) => event.name === 'Submitted')
  if (submitted?.name !== 'Submitted') throw missing(workload, attempt, 'Submitted')
  const committed = earlier.flatMap((event) => (event.name === 'Committed' ? [event.args.seat] : []))
  try {
    const validators = Number(await contracts.committee.validatorClass())
    const set = await readFrozenSet(contracts, validators, epoch)
    const { rules } = unpackTerms(submitted.args.terms)
    const beacon = IBeacon__factory.connect((await readRules(contracts, rules)).beacon, contracts.provider)
    const randomness = (await beacon.value(round, { blockTag: at.block })) as Bytes32
    const sequence = committeeSequence(committeeSeed(randomness, workload, attempt), set, attempt)
    const candidates = await standingAt(contracts, sequence, at)
    const involved = (await Promise.all(committed.map((seat) => candidateAt(contracts, seat, before)))).map(
      ({ operator }) => operator,
    )
    const facts = { workload, attempt, round, randomness, epoch, set, candidates, involved, have }
    const appeal = attempt === APPEAL_ATTEMPT
    return { attempt, appeal, round, randomness, epoch, setSize: set.length, have, ...recomputeCommittee(facts) }
  } catch (error) {
    throw asChainError(error, `auditing committee ${attempt} of ${workload}`)
  }
}

function missing(workload: WorkloadId, attempt: number, event: string): Error {
  const message = `no ${event} event tells what committee ${attempt} of ${workload} was drawn by`
  return chainError('CHAIN_EVENT_MALFORMED', message, { details: { workload, attempt, event } })
}

/** What the registry said of seats just before an event: after the block before it, changed by what happened earlier in the same block. */
async function standingAt(contracts: Contracts, seats: readonly number[], at: LogPosition): Promise<Candidate[]> {
  const candidates = await Promise.all(seats.map((seat) => candidateAt(contracts, seat, at.block - 1)))
  const status = new Map(candidates.map((candidate) => [candidate.seat, candidate.status]))
  for await (const event of readEvents(contracts, { fromBlock: at.block, toBlock: at.block })) {
    if (event.at.logIndex >= at.logIndex) break
    if (event.contract !== 'registry' || !('seat' in event.args)) continue
    const { seat } = event.args
    if (event.name === 'Joined') status.set(seat, 'Active')
    else if (event.name === 'Left') status.set(seat, 'Leaving')
    else if (event.name === 'Dropped') status.set(seat, 'Dropped')
    // A leaving seat that is slashed goes on leaving.
    else if (event.name === 'Slashed' && status.get(seat) === 'Active') status.set(seat, 'Inactive')
  }
  return candidates.map((candidate) => ({ ...candidate, status: status.get(candidate.seat) ?? candidate.status }))
}
