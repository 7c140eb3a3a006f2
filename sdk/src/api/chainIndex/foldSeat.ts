import type { RegistryEvent } from '../../chain/events.js'
import type { SeatsTable, SeatState } from '../store/schema.js'
import type { IndexedEvent } from './IndexedEvent.js'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const STATES: Readonly<Partial<Record<RegistryEvent['name'], SeatState>>> = {
  Waiting: 'waiting',
  Joined: 'active',
  Evicted: 'evicted',
  Left: 'left',
  Dropped: 'dropped',
  Slashed: 'slashed',
  Withdrawn: 'withdrawn',
}

/**
 * What follows from the registry's events of a seat, all of them and in order.
 * @returns undefined without its Staked event.
 */
export function foldSeat(events: readonly IndexedEvent<RegistryEvent>[]): SeatsTable | undefined {
  const [first] = events
  if (first?.name !== 'Staked') return undefined
  const { seat: number, operator, class: hardwareClass, bond } = first.args
  const seat: Mutable<SeatsTable> = {
    ...{ seat: number, operator, class: hardwareClass, state: 'staked', since: first.time, bond },
    ...{ slashed: '0', slashes: 0, evictions: 0 },
  }
  for (const event of events) {
    const state = STATES[event.name]
    if (state !== undefined) Object.assign(seat, { state, since: event.time })
    switch (event.name) {
      case 'ToppedUp':
        seat.bond = sum(seat.bond, event.args.amount)
        break
      case 'Slashed':
        seat.bond = sum(seat.bond, `-${event.args.amount}`)
        seat.slashed = sum(seat.slashed, event.args.amount)
        seat.slashes += 1
        break
      case 'Evicted':
        seat.bond = sum(seat.bond, `-${event.args.charge}`)
        seat.evictions += 1
        break
      case 'Withdrawn':
        seat.bond = '0'
        break
      default:
        break
    }
  }
  return seat
}

function sum(one: string, other: string): string {
  return (BigInt(one) + BigInt(other)).toString()
}
