import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import type { Address, Bytes32 } from './hex.js'
import { nameAt, SEAT_STATUSES, type SeatStatus } from './names.js'

/** How the seats of a class qualify; written once under a number. */
export interface QualificationPolicy {
  readonly puzzle: Address
  readonly beacon: Address
  /** Seconds in which seats answer. */
  readonly window: number
  /** Seconds between two checks. */
  readonly period: number
  /** Part of the operators that a check selects, in basis points. */
  readonly fractionBps: number
  /** Answers in a row that a seat at work may put off. */
  readonly excuses: number
  /** Part of the bond prepaid for an eviction, in basis points. */
  readonly chargeBps: number
}

/** A check of a class. Times are Unix seconds. */
export interface QualificationCheck {
  readonly number: number
  readonly round: number
  readonly epoch: number
  readonly policy: QualificationPolicy
  /** When it started; undefined before its round is on chain. */
  readonly startedAt?: number
  /** Last second in which answers count; undefined before the start. */
  readonly until?: number
  /** It is void if it has not started by then. */
  readonly startBy: number
}

/** Where the checks of a class stand. */
export interface QualificationState {
  readonly class: number
  /** Whether new seats have to solve a puzzle. */
  readonly mustQualify: boolean
  /** When the next check may be opened. */
  readonly nextAt: number
  /** The newest check, if there was one. */
  readonly newest?: QualificationCheck
}

/** What a seat has to do. */
export interface SeatQualification {
  readonly status: SeatStatus
  /** Whether the seat waits to join: an answer makes it active. */
  readonly isWaiting: boolean
  /** Whether the newest check, once started, asks it for an answer. */
  readonly isSelected: boolean
  /** Whether it answered the newest check. */
  readonly hasAnswered: boolean
  /** Whether it is excused from the newest check. */
  readonly isExcused: boolean
  /** Excuses in a row; above zero every check selects it. */
  readonly excuses: number
}

/**
 * Reads where the checks of a class stand.
 * @example
 * const { newest } = await readQualification(contracts, 1)
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readQualification(contracts: Contracts, hardwareClass: number): Promise<QualificationState> {
  const { qualification } = contracts
  try {
    const [policy, newest, nextAt] = await qualification.scheduleOf(hardwareClass)
    const state = { class: hardwareClass, mustQualify: policy !== 0n, nextAt: Number(nextAt) }
    return newest === 0n ? state : { ...state, newest: await readCheck(contracts, hardwareClass, Number(newest)) }
  } catch (error) {
    throw asChainError(error, `reading the checks of class ${hardwareClass}`)
  }
}

/**
 * Reads what the newest check of its class asks of a seat.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readSeatQualification(
  { registry, qualification }: Contracts,
  seat: number,
  newest: QualificationCheck | undefined,
): Promise<SeatQualification> {
  try {
    const [{ class: hardwareClass, status }, { check, excuses }] = await Promise.all([
      registry.seatOf(seat),
      qualification.recordOf(seat),
    ])
    const isStarted = newest?.startedAt !== undefined
    const name = nameAt(SEAT_STATUSES, status)
    // A seat that is withdrawn has no class, and no check was ever for it.
    const isSelected =
      isStarted && name !== 'None' && (await qualification.isSelected(hardwareClass, newest.number, seat))
    const isDone = newest !== undefined && Number(check) >= newest.number
    return {
      status: name,
      isWaiting: name === 'Inactive',
      isSelected,
      hasAnswered: isDone && excuses === 0n,
      isExcused: isDone && excuses > 0n,
      excuses: Number(excuses),
    }
  } catch (error) {
    throw asChainError(error, `reading the qualification of seat ${seat}`)
  }
}

async function readCheck(
  { qualification }: Contracts,
  hardwareClass: number,
  number: number,
): Promise<QualificationCheck> {
  const check = await qualification.checkOf(hardwareClass, number)
  const policy = await qualification.policyOf(check.policy)
  const startedAt = Number(check.startedAt)
  const window = Number(policy.window)
  return {
    number,
    round: Number(check.round),
    epoch: Number(check.epoch),
    startBy: Number(check.startBy),
    ...(startedAt !== 0 && { startedAt, until: startedAt + window }),
    policy: {
      puzzle: policy.puzzle as Address,
      beacon: policy.beacon as Address,
      window,
      period: Number(policy.period),
      fractionBps: Number(policy.fractionBps),
      excuses: Number(policy.excuses),
      chargeBps: Number(policy.chargeBps),
    },
  }
}

/** Reads the seed of a seat's puzzle in a started check. @throws GevulotError CHAIN_RPC_UNAVAILABLE */
export async function readPuzzleSeed(
  { qualification }: Contracts,
  hardwareClass: number,
  check: number,
  seat: number,
): Promise<Bytes32> {
  try {
    return (await qualification.seedOf(hardwareClass, check, seat)) as Bytes32
  } catch (error) {
    throw asChainError(error, `reading the seed of seat ${seat}`)
  }
}
