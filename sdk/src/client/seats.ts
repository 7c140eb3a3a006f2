import type { TransactionReceipt } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
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

/** Parameters of {@link joinSeats}, {@link leaveSeats} and {@link withdrawSeats}. */
export interface SeatsParams extends SendOptions {
  /** Seats of the signer's account. */
  readonly seats: readonly number[]
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
 * Puts seats back into the active set, or in line for the next check.
 * @throws GevulotError CONTRACT_BOND_INCOMPLETE, CONTRACT_COOLING_DOWN, CONTRACT_REJOIN_TOO_EARLY, CONTRACT_NOT_SEAT_OPERATOR, `CHAIN_*`
 */
export function joinSeats(client: Client, params: SeatsParams & { readonly priceFloor?: number }): Promise<void> {
  return call(client, params, async (client) => {
    const { seats, priceFloor = 0 } = params
    await send(
      client,
      'joining',
      () => client.contracts.registry.join.populateTransaction([...seats], priceFloor),
      params,
    )
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
