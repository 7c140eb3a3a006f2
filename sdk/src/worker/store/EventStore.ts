import { sql } from 'kysely'

import type {
  CommitteeEvent,
  Cursor,
  EventBatch,
  GevulotEvent,
  MarketEvent,
  ProgramId,
  RegistryEvent,
  SeatOwner,
  WorkloadEvent,
  WorkloadId,
} from '../../chain/index.js'
import type { Database } from './openDatabase.js'

// A statement takes at most 65,535 parameters.
const ROWS_AT_ONCE = 1_000
/** Blocks whose draws are read together. */
const DRAWS_OF_BLOCKS = 64

/**
 * Which deployments have an index, by what: word for word as in the migration that made it. No function of the database for JSON, as they refuse texts that
 * whoever deploys may choose; a quotation mark in such a text has a stroke before it, so that nobody writes another program's name there.
 */
const DEPLOYED = sql<boolean>`name = 'ProgramDeployed'`
const DEPLOYED_PROGRAM = sql<string>`substring(event from '"program":"(0x[0-9a-f]{64})"')`

/**
 * The events of the contracts as the chain has them now. Everything else the worker knows of the chain is a query over
 * them, so undoing a reorg is deleting rows.
 */
export class EventStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Where the follower stands, if it has ever run. */
  async cursor(): Promise<Cursor | undefined> {
    const row = await this.#db.selectFrom('cursor').select('cursor').executeTakeFirst()
    return row && (JSON.parse(row.cursor) as Cursor)
  }

  /**
   * Stores a batch and the cursor behind it, together or not at all. A batch that comes twice changes nothing; what else was stored of its blocks is
   * not on the chain.
   */
  async apply(batch: EventBatch): Promise<void> {
    const cursor = JSON.stringify(batch.cursor)
    await this.#db.transaction().execute(async (db) => {
      const undone = db.deleteFrom('events')
      if (batch.kind === 'reorg') await undone.where('block', '>=', batch.redoFrom).execute()
      else {
        await undone.where('block', '>=', batch.from).where('block', '<=', batch.to.number).execute()
        await insert(db, batch.events)
      }
      await db
        .insertInto('cursor')
        .values({ id: 1, cursor })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ cursor }))
        .execute()
    })
  }

  /** Adds events that were left out of blocks before the cursor, which stays. Those that are there stay too. */
  async add(events: readonly GevulotEvent[]): Promise<void> {
    await this.#db.transaction().execute((db) => insert(db, events))
  }

  /** The market's events of a workload, in order. */
  async ofWorkload(workload: WorkloadId): Promise<readonly WorkloadEvent[]> {
    const rows = await this.#db
      .selectFrom('events')
      .select('event')
      .where('workload', '=', workload)
      .where('contract', '=', 'market')
      .orderBy('block')
      .orderBy('log_index')
      .execute()
    return rows.map((row) => eventOf(row.event) as WorkloadEvent)
  }

  /** Workloads that were submitted and are not final, oldest first. */
  async liveWorkloads(): Promise<readonly WorkloadId[]> {
    const rows = await this.#db
      .selectFrom('events as submitted')
      .select('submitted.workload')
      .where('submitted.name', '=', 'Submitted')
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('events as finished')
              .select('finished.block')
              .whereRef('finished.workload', '=', 'submitted.workload')
              .where('finished.name', '=', 'Finished'),
          ),
        ),
      )
      .orderBy('submitted.block')
      .orderBy('submitted.log_index')
      .execute()
    return rows.flatMap((row) => (row.workload === null ? [] : [row.workload as WorkloadId]))
  }

  /** Workloads that ended within so many blocks before the one that is read next, oldest first. */
  async endedWithin(blocks: number): Promise<readonly WorkloadId[]> {
    const next = (await this.cursor())?.next ?? 0
    const rows = await this.#db
      .selectFrom('events')
      .select('workload')
      .where('name', '=', 'Finished')
      .where('contract', '=', 'market')
      .where('block', '>=', next - blocks)
      .orderBy('block')
      .orderBy('log_index')
      .execute()
    return rows.flatMap((row) => (row.workload === null ? [] : [row.workload as WorkloadId]))
  }

  /** All events of one name of the market, oldest first. */
  async named<Name extends MarketEvent['name']>(name: Name, fromBlock = 0): Promise<readonly MarketEvent<Name>[]> {
    return (await this.#named('market', name, fromBlock)) as readonly MarketEvent<Name>[]
  }

  /** The deployment of a program; the market tells of it once. */
  async deploymentOf(program: ProgramId): Promise<MarketEvent<'ProgramDeployed'> | undefined> {
    const row = await this.#db
      .selectFrom('events')
      .select('event')
      .where('contract', '=', 'market')
      .where(DEPLOYED)
      .where(DEPLOYED_PROGRAM, '=', program)
      .executeTakeFirst()
    return row && (eventOf(row.event) as MarketEvent<'ProgramDeployed'>)
  }

  /** All events of one name of the registry, oldest first. */
  async registryNamed<Name extends RegistryEvent['name']>(name: Name): Promise<readonly RegistryEvent<Name>[]> {
    return (await this.#named('registry', name, 0)) as readonly RegistryEvent<Name>[]
  }

  /** All events of one name of the committee, oldest first. */
  async committeeNamed<Name extends CommitteeEvent['name']>(name: Name): Promise<readonly CommitteeEvent<Name>[]> {
    return (await this.#named('committee', name, 0)) as readonly CommitteeEvent<Name>[]
  }

  /** The committees that were drawn for some workloads. */
  async committeesOf(workloads: readonly WorkloadId[]): Promise<readonly CommitteeEvent<'CommitteeDrawn'>[]> {
    if (workloads.length === 0) return []
    const rows = await this.#db
      .selectFrom('events')
      .select('event')
      .where('workload', 'in', workloads)
      .where('name', '=', 'CommitteeDrawn')
      .where('contract', '=', 'committee')
      .execute()
    return rows.map((row) => eventOf(row.event) as CommitteeEvent<'CommitteeDrawn'>)
  }

  /** Whose seats are, or were, by who staked them. */
  async ownersOf(seats: readonly number[]): Promise<ReadonlyMap<number, SeatOwner>> {
    if (seats.length === 0) return new Map()
    const rows = await this.#db
      .selectFrom('events')
      .select('event')
      .where('name', '=', 'Staked')
      .where('contract', '=', 'registry')
      .where('seat', 'in', seats)
      .execute()
    return new Map(
      rows.map((row) => {
        const { args } = eventOf(row.event) as RegistryEvent<'Staked'>
        return [args.seat, { operator: args.operator }]
      }),
    )
  }

  /** Draws, newest first. They are read as they are asked for: a network's history has no place in memory. */
  async *draws(): AsyncGenerator<MarketEvent<'Assigned'>> {
    for (let below: number | undefined; ;) {
      const newest = await this.#newestDraw(below)
      if (newest === undefined) return
      below = newest - DRAWS_OF_BLOCKS + 1
      const some = (await this.#named('market', 'Assigned', below, newest)) as readonly MarketEvent<'Assigned'>[]
      yield* [...some].reverse()
    }
  }

  /** The newest block with a draw, of all or of those below one. */
  async #newestDraw(below: number | undefined): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('events')
      .select(({ fn }) => fn.max('block').as('block'))
      .where('name', '=', 'Assigned')
      .$if(below !== undefined, (query) => query.where('block', '<', below as number))
      .executeTakeFirst()
    return row?.block ?? undefined
  }

  async #named(
    contract: GevulotEvent['contract'],
    name: string,
    fromBlock: number,
    toBlock?: number,
  ): Promise<readonly GevulotEvent[]> {
    const rows = await this.#db
      .selectFrom('events')
      .select('event')
      .where('name', '=', name)
      .where('contract', '=', contract)
      .where('block', '>=', fromBlock)
      .$if(toBlock !== undefined, (query) => query.where('block', '<=', toBlock as number))
      .orderBy('block')
      .orderBy('log_index')
      .execute()
    return rows.map((row) => eventOf(row.event))
  }
}

/** Another event in the same place is of a block that was replaced. */
async function insert(db: Database, events: readonly GevulotEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += ROWS_AT_ONCE) {
    await db
      .insertInto('events')
      .values(events.slice(at, at + ROWS_AT_ONCE).map(rowOf))
      .onConflict((conflict) =>
        conflict
          .columns(['block', 'log_index'])
          .doUpdateSet((eb) => ({
            contract: eb.ref('excluded.contract'),
            name: eb.ref('excluded.name'),
            workload: eb.ref('excluded.workload'),
            seat: eb.ref('excluded.seat'),
            event: eb.ref('excluded.event'),
          }))
          .where((eb) => eb('events.event', '!=', eb.ref('excluded.event'))),
      )
      .execute()
  }
}

function rowOf(event: GevulotEvent) {
  return {
    block: event.at.block,
    log_index: event.at.logIndex,
    contract: event.contract,
    name: event.name,
    workload: 'workload' in event.args ? event.args.workload : null,
    seat: 'seat' in event.args ? event.args.seat : null,
    event: JSON.stringify(event, (_key, value: unknown) =>
      typeof value === 'bigint' ? { bigint: value.toString() } : value,
    ),
  }
}

function eventOf(json: string): GevulotEvent {
  return JSON.parse(json, (_key, value: unknown) => {
    const isWide = typeof value === 'object' && value !== null && 'bigint' in value && typeof value.bigint === 'string'
    return isWide ? BigInt(value.bigint as string) : value
  }) as GevulotEvent
}
