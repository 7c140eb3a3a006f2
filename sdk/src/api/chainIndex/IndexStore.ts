import { sql, type Kysely, type Transaction } from 'kysely'
import type { CommitteeEvent, RegistryEvent, WorkloadEvent } from '../../chain/events.js'
import type { Cursor } from '../../chain/followEvents.js'
import { INDEX_TABLES, type IndexTable } from '../store/indexTables.js'
import type { ApiSchema, EarningsTable, EventsTable, ProgramsTable } from '../store/schema.js'
import { foldSeat } from './foldSeat.js'
import { foldWorkload, type FoldedWorkload } from './foldWorkload.js'
import { eventOf, type IndexedEvent } from './IndexedEvent.js'

/** How far the index has come. */
export interface IndexHead {
  readonly cursor: Cursor | undefined
  readonly block: number
  /** Unix seconds. */
  readonly time: number
}

/** The rows of consecutive blocks, all of their events and in order. */
export interface IndexBatch {
  readonly from: number
  readonly to: { readonly block: number; readonly time: number }
  readonly events: readonly EventsTable[]
  readonly cursor: Cursor
}

type Handle = Transaction<ApiSchema>

/** Whose rows must be made again. */
interface Touched {
  readonly workloads: ReadonlySet<string>
  readonly seats: ReadonlySet<number>
}

/** What one transaction takes; requests are answered in between. */
const MOST_EVENTS = 4_000

/**
 * The index: every event, and tables that follow from events. What follows from the events of a workload or a seat is computed from all of
 * them each time one comes or goes, so a reorg needs no undoing of its own: without the events, nothing of them is left.
 */
export class IndexStore {
  readonly #db: Kysely<ApiSchema>

  constructor(db: Kysely<ApiSchema>) {
    this.#db = db
  }

  /**
   * Begins where it was left, without what came behind that; from nothing if the index is of another chain or deployment.
   * @param identity Names chain and deployment.
   */
  async open(identity: string): Promise<IndexHead> {
    return this.#db.transaction().execute(async (db) => {
      const head = await db.selectFrom('index_head').selectAll().executeTakeFirst()
      if (head?.identity === identity) {
        const cursor = head.cursor === null ? undefined : (JSON.parse(head.cursor) as Cursor)
        await removeFrom(db, cursor?.next ?? 0)
        return { cursor, block: head.block, time: head.time }
      }
      // Not truncated: that shuts out readers, who may hold one table and wait for the next, as this would.
      for (const table of Object.keys(INDEX_TABLES)) await sql`delete from ${sql.table(table)}`.execute(db)
      await db.deleteFrom('index_head').execute()
      await db.insertInto('index_head').values({ id: 1, identity, cursor: null, block: 0, time: 0 }).execute()
      return { cursor: undefined, block: 0, time: 0 }
    })
  }

  /** Takes in blocks. It may break off at any moment: the cursor comes with the last of them, and {@link open} removes what lies behind it. */
  async apply({ from, to, events, cursor }: IndexBatch): Promise<void> {
    for (const [index, part] of partsOf(events).entries()) {
      await this.#db.transaction().execute(async (db) => {
        if (index === 0) await removeFrom(db, from)
        await insert(db, 'events', part)
        await insert(db, 'programs', part.flatMap(programOf))
        await insert(db, 'earnings', part.flatMap(claimOf))
        await refold(db, touchedBy(part))
      })
    }
    await this.#move(this.#db, cursor, to.block, to.time)
  }

  /** Forgets what came from the blocks from `from` on. */
  async undo(from: number, cursor: Cursor): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      await removeFrom(db, from)
      const time = await db.selectFrom('events').select('time').orderBy('block', 'desc').limit(1).executeTakeFirst()
      await this.#move(db, cursor, from - 1, time?.time ?? 0)
    })
  }

  async #move(db: Kysely<ApiSchema>, cursor: Cursor, block: number, time: number): Promise<void> {
    await db
      .updateTable('index_head')
      .set({ cursor: JSON.stringify(cursor), block, time })
      .execute()
  }
}

/** Parts that end with a block, so that nothing of a block is seen without the rest of it. */
function partsOf(events: readonly EventsTable[]): EventsTable[][] {
  const parts: EventsTable[][] = [[]]
  let block = 0
  for (const event of events) {
    const part = parts.at(-1) ?? []
    if (part.length >= MOST_EVENTS && event.block !== block) parts.push([event])
    else part.push(event)
    block = event.block
  }
  return parts
}

async function removeFrom(db: Handle, from: number): Promise<void> {
  const removed = await db.deleteFrom('events').where('block', '>=', from).returningAll().execute()
  if (removed.length === 0) return
  await db.deleteFrom('programs').where('block', '>=', from).execute()
  await db.deleteFrom('earnings').where('block', '>=', from).where('workload', 'is', null).execute()
  await refold(db, touchedBy(removed))
}

function touchedBy(events: readonly EventsTable[]): Touched {
  const seats = new Set<number>()
  const workloads = new Set<string>()
  for (const { contract, seat, workload } of events) {
    if (contract === 'registry' && seat !== null) seats.add(seat)
    if (contract !== 'rewards' && workload !== null) workloads.add(workload)
  }
  return { seats, workloads }
}

/** Makes rows again from the events that are there. Seats first: who holds one is asked of their rows. */
async function refold(db: Handle, { seats, workloads }: Touched): Promise<void> {
  if (seats.size > 0) {
    const given = list([...seats], 'integer')
    await sql`delete from seats using ${given} where seats.seat = given.value`.execute(db)
    const rows = await sql<EventsTable>`select events.* from events join ${given} on events.seat = given.value
      where contract = 'registry' order by block, log_index`.execute(db)
    const grouped = groupBy(rows.rows, ({ seat }) => seat)
    const folded = [...grouped.values()].map((own) => foldSeat(own.map(eventOf) as IndexedEvent<RegistryEvent>[]))
    await insert(
      db,
      'seats',
      folded.flatMap((seat) => seat ?? []),
    )
  }
  if (workloads.size === 0) return
  const given = list([...workloads], 'text')
  for (const table of ['workloads', 'slots', 'earnings'] as const) {
    await sql`delete from ${sql.table(table)} own using ${given} where own.workload = given.value`.execute(db)
  }
  const { rows } = await sql<EventsTable>`select events.* from events join ${given} on events.workload = given.value
    where contract in ('market', 'committee') order by block, log_index`.execute(db)
  const operators = await operatorsOf(db, rows)
  const folded: FoldedWorkload[] = []
  for (const own of groupBy(rows, ({ workload }) => workload).values()) {
    const events = own.map(eventOf) as IndexedEvent<WorkloadEvent | CommitteeEvent>[]
    const one = foldWorkload(events, (seat) => operators.get(seat))
    if (one !== undefined) folded.push(one)
  }
  await insert(
    db,
    'workloads',
    folded.map(({ workload }) => workload),
  )
  await insert(
    db,
    'slots',
    folded.flatMap(({ slots }) => slots),
  )
  await insert(
    db,
    'earnings',
    folded.flatMap(({ earnings }) => earnings),
  )
}

async function operatorsOf(db: Handle, events: readonly EventsTable[]): Promise<ReadonlyMap<number, string>> {
  const seats = [...new Set(events.flatMap(({ seat }) => seat ?? []))]
  if (seats.length === 0) return new Map()
  const { rows } = await sql<{ seat: number; operator: string }>`select seat, operator from seats
    join ${list(seats, 'integer')} on seats.seat = given.value`.execute(db)
  return new Map(rows.map(({ seat, operator }) => [seat, operator]))
}

function programOf(row: EventsTable): ProgramsTable[] {
  const event = eventOf(row)
  if (event.name !== 'ProgramDeployed') return []
  const { program, deployer, spec, uri } = event.args
  return [
    {
      ...{ program, block: row.block, log_index: row.log_index, deployed_at: row.time, deployer, uri: storable(uri) },
      ...{ prover: spec.prover, verifier_program: spec.verifierProgram, verifier: spec.verifier },
      ...{ class: spec.class, binds_prover: spec.bindsProver },
    },
  ]
}

function claimOf(row: EventsTable): EarningsTable[] {
  const event = eventOf(row)
  if (event.name !== 'Claimed') return []
  const { operator, amount } = event.args
  return [{ workload: null, operator, seat: null, kind: 'rewards', amount, time: row.time, block: row.block }]
}

/** PostgreSQL's text holds neither a zero character nor half a surrogate pair; a text of the chain may. */
function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\u{fffd}')
}

/** Writes rows with one parameter, whatever their number. */
async function insert<Name extends IndexTable>(
  db: Handle,
  table: Name,
  rows: readonly ApiSchema[Name][],
): Promise<void> {
  if (rows.length === 0) return
  const { columns } = INDEX_TABLES[table]
  const names = sql.raw(columns.map(([name]) => name).join(', '))
  const types = sql.raw(columns.map(([name, type]) => `${name} ${type}`).join(', '))
  await sql`insert into ${sql.table(table)} (${names})
    select ${names} from json_to_recordset(${JSON.stringify(rows)}::json) as given(${types})`.execute(db)
}

/** A list of values as a table called `given` with a column `value`. */
function list(values: readonly (string | number)[], type: 'text' | 'integer') {
  return sql`(select value::${sql.raw(type)} from json_array_elements_text(${JSON.stringify(values)}::json)) given`
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
