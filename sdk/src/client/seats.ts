import type { TransactionReceipt } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import { decodeEvent } from '../chain/decodeEvent.js'
import { toAddress, type Address, type Hex } from '../chain/hex.js'
import { nameAt, SEAT_STATUSES, type SeatStatus } from '../chain/names.js'
import { readEvents } from '../chain/readEvents.js'
import { needed, type Client } from './Client.js'
import { pay } from './pay.js'
import { send, type SendOptions } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link stakeSeats}. */
export interface StakeSeatsParams extends SendOptions {
  /** Seats to stake, 1 to 64. */
  readonly count: number
  /** Hardware class; default 1. */
  readonly class?: number
  /** Lowest fee to work for, in gwei of the token per second of maximum run time and slot; default 0. */
  readonly priceFloor?: number
}

/** Parameters of {@link leaveSeats}, {@link topUpSeats} and {@link withdrawSeats}. */
export interface SeatsParams extends SendOptions {
  /** Seats of the signer's account. */
  readonly seats: readonly number[]
}

/** Parameters of {@link joinSeats}. */
export interface JoinSeatsParams extends SeatsParams {
  /** Lowest fee to work for, in gwei of the token per second of maximum run time and slot; default: what each seat has. */
  readonly priceFloor?: number
}

/** A seat, as the registry has it. */
export interface Seat {
  readonly seat: number
  readonly class: number
  readonly status: SeatStatus
  /** Token units bonded now. */
  readonly bond: bigint
  /** Gwei of the token per second of maximum run time and slot. */
  readonly priceFloor: bigint
  /** Unix time from which it may be withdrawn or rejoin; 0 when it does not wait. */
  readonly unlockAt: number
  /** Whether it works for a workload now. */
  readonly held: boolean
}

/**
 * Stakes seats: approves the bonds when needed and pays them. Seats of a class without a puzzle are in the active set from the next
 * epoch; others wait until they have answered a check.
 * @returns The numbers of the seats.
 * @throws GevulotError CONTRACT_UNKNOWN_CLASS, CONTRACT_OPERATOR_NOT_ADMITTED, CONTRACT_ERC20_INSUFFICIENT_BALANCE, `CHAIN_*`
 */
export function stakeSeats(client: Client, params: StakeSeatsParams): Promise<number[]> {
  return call(client, params, async (client) => {
    const doing = 'staking'
    const { registry, addresses } = client.contracts
    const { count, priceFloor = 0 } = params
    const hardwareClass = params.class ?? 1
    let bonds: bigint
    try {
      bonds = (await registry.classBonds(hardwareClass)).bond * BigInt(count)
    } catch (error) {
      throw asChainError(error, doing)
    }
    const build = () => registry.stake.populateTransaction(hardwareClass, count, priceFloor)
    const payment = { to: addresses.registry, amount: bonds, doing, approving: 'approving bonds', build }
    return stakedIn(client, await pay(client, payment, params))
  })
}

function stakedIn(client: Client, receipt: TransactionReceipt): number[] {
  return receipt.logs.flatMap((log) => {
    if (log.address !== client.contracts.addresses.registry) return []
    const event = decodeEvent(client.contracts, log)
    return event?.name === 'Staked' ? [event.args.seat] : []
  })
}

/**
 * Puts seats back into the active set, or in line for the next check. Seats of different price floors, where none is given, take a transaction for each floor.
 * @throws GevulotError CONTRACT_BOND_INCOMPLETE, CONTRACT_COOLING_DOWN, CONTRACT_REJOIN_TOO_EARLY, CONTRACT_NOT_SEAT_OPERATOR, `CHAIN_*`
 */
export function joinSeats(client: Client, params: JoinSeatsParams): Promise<void> {
  return call(client, params, async (client) => {
    const { seats, priceFloor } = params
    const { registry } = client.contracts
    // The contract writes a floor with every join, one for all seats of the call.
    const byFloor =
      priceFloor === undefined ? await seatsByFloor(client, seats) : new Map([[BigInt(priceFloor), [...seats]]])
    for (const [floor, some] of byFloor) {
      await send(client, 'joining', () => registry.join.populateTransaction(some, floor), params)
    }
  })
}

async function seatsByFloor(
  { contracts: { registry } }: Client,
  seats: readonly number[],
): Promise<ReadonlyMap<bigint, number[]>> {
  try {
    const byFloor = new Map<bigint, number[]>()
    for (const seat of seats) {
      const { priceFloor } = await registry.seatOf(seat)
      byFloor.set(priceFloor, [...(byFloor.get(priceFloor) ?? []), seat])
    }
    return byFloor
  } catch (error) {
    throw asChainError(error, 'joining')
  }
}

/**
 * Fills bonds up to what their class asks for: slashes and evictions take from a bond, and a class may ask for more than it did. Each
 * seat is a transaction, behind an approval when needed; a full bond costs nothing.
 * @returns What was paid for all of them, token units.
 * @throws GevulotError CONTRACT_NOTHING_DUE if all bonds are full, CONTRACT_NOT_SEAT_OPERATOR, CONTRACT_ERC20_INSUFFICIENT_BALANCE, `CHAIN_*`
 */
export function topUpSeats(client: Client, params: SeatsParams): Promise<bigint> {
  return call(client, params, async (client) => {
    const doing = 'topping up bonds'
    const account = needed(client, 'account', doing)
    const { registry, addresses } = client.contracts
    const missing = new Map<number, bigint>()
    for (const seat of params.seats) {
      params.signal?.throwIfAborted()
      try {
        const { operator, bond, class: hardwareClass } = await registry.seatOf(seat)
        // Before the first approval.
        if (operator !== account) throw contractError('NotSeatOperator', doing, { seat, have: account, want: operator })
        const full = (await registry.classBonds(hardwareClass)).bond
        if (bond < full) missing.set(seat, full - bond)
      } catch (error) {
        throw asChainError(error, doing)
      }
    }
    if (missing.size === 0) throw contractError('NothingDue', doing, {})
    let paid = 0n
    for (const [seat, amount] of missing) {
      const build = () => registry.topUp.populateTransaction(seat)
      await pay(client, { to: addresses.registry, amount, doing, approving: 'approving bonds', build }, params)
      paid += amount
    }
    return paid
  })
}

/**
 * Takes seats out of the active set; the cooldown begins.
 * @throws GevulotError CONTRACT_WRONG_SEAT_STATUS, CONTRACT_NOT_SEAT_OPERATOR, `CHAIN_*`
 */
export function leaveSeats(client: Client, params: SeatsParams): Promise<void> {
  return call(client, params, async (client) => {
    const { seats } = params
    await send(client, 'leaving', () => client.contracts.registry.leaveSet.populateTransaction([...seats]), params)
  })
}

/**
 * Pays out the bonds of seats that have left and cooled down.
 * @param params `to` receives the bonds; the signer by default.
 * @throws GevulotError CONTRACT_COOLING_DOWN, CONTRACT_SEAT_HELD, CONTRACT_WRONG_SEAT_STATUS, CONTRACT_NOT_SEAT_OPERATOR, `CHAIN_*`
 */
export function withdrawSeats(client: Client, params: SeatsParams & { readonly to?: Hex }): Promise<void> {
  return call(client, params, async (client) => {
    const doing = 'withdrawing bonds'
    const to = params.to === undefined ? needed(client, 'account', doing) : toAddress(params.to)
    const { seats } = params
    await send(client, doing, () => client.contracts.registry.withdraw.populateTransaction([...seats], to), params)
  })
}

/**
 * The seats that an account has staked and not withdrawn.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export function getSeats(client: Client, params: CallOptions & { readonly operator: Hex }): Promise<Seat[]> {
  return call(client, params, async (client) => {
    const operator: Address = toAddress(params.operator)
    const { contracts } = client
    const staked: number[] = []
    for await (const event of readEvents(contracts, {
      names: ['Staked'],
      ...(params.signal && { signal: params.signal }),
    })) {
      if (event.name === 'Staked' && event.args.operator === operator) staked.push(event.args.seat)
    }
    try {
      const seats = await Promise.all(staked.map((seat) => readSeat(client, seat)))
      return seats.filter(({ status }) => status !== 'None')
    } catch (error) {
      throw asChainError(error, 'reading seats')
    }
  })
}

async function readSeat({ contracts }: Client, seat: number): Promise<Seat> {
  const [state, held] = await Promise.all([contracts.registry.seatOf(seat), contracts.market.isHeld(seat)])
  return {
    seat,
    class: Number(state[2]),
    status: nameAt(SEAT_STATUSES, state.status),
    bond: state.bond,
    priceFloor: state.priceFloor,
    unlockAt: Number(state.unlockAt),
    held,
  }
}
