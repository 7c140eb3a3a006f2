import type { GevulotEvent } from '../../chain/events.js'
import type { EventsTable } from '../store/schema.js'

/** What JSON makes of a value: a bigint is decimal text. */
export type Stored<T> = T extends bigint
  ? string
  : T extends string | number | boolean
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Stored<Item>[]
      : { readonly [Key in keyof T]: Stored<T[Key]> }

type Place = Pick<EventsTable, 'block' | 'log_index' | 'time' | 'transaction'>

/** An event as the index keeps it; `contract` and `name` narrow `args`. */
export type IndexedEvent<Event extends GevulotEvent = GevulotEvent> = Event extends GevulotEvent
  ? Place & Pick<Event, 'contract' | 'name'> & { readonly args: Stored<Event['args']> }
  : never

/** The row of an event. */
export function rowOf({ contract, name, args, at }: GevulotEvent, time: number): EventsTable {
  // PostgreSQL's text holds no zero character, and a URI of the chain may.
  const json = JSON.stringify(args, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  return {
    ...{ block: at.block, log_index: at.logIndex, time, transaction: at.transaction, contract, name },
    workload: 'workload' in args ? args.workload : null,
    seat: 'seat' in args ? args.seat : null,
    args: json,
  }
}

/** The event of a row. */
export function eventOf(row: EventsTable): IndexedEvent {
  const { block, log_index, time, transaction, contract, name } = row
  // `rowOf` wrote it.
  const args = JSON.parse(row.args) as object
  return { block, log_index, time, transaction, contract, name, args } as unknown as IndexedEvent
}
