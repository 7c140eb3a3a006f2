import type { Socket } from 'node:net'
import { sql } from 'kysely'
import type { PgBoss } from 'pg-boss'
import type { Clock } from '../../clock.js'
import { migrationsMade, NewerTables } from '../../database/migrate.js'
import { connectServer, impatientSocket, openServer } from '../../database/openServer.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'
import { databaseUnavailable, stateNewer } from '../store/openDatabase.js'
import { FleetWire } from './FleetWire.js'
import { FLEET_VERSIONS, fleetMigrations } from './migrations.js'
import type { FleetDatabase, FleetSchema } from './schema.js'

/** A fleet on a database server. */
export interface Fleet {
  readonly db: FleetDatabase
  readonly boss: PgBoss
  readonly wire: FleetWire
  /** Its name, which is that of its Postgres schema. */
  readonly name: string
  close(): Promise<void>
}

/** What opens a fleet. */
export interface FleetOptions {
  /** A secret. */
  readonly url: string
  /** Its name, which is that of its Postgres schema. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
}

/** What pg-boss hands on to the driver, which its types do not name. */
interface Driver {
  readonly stream: () => Socket
  readonly idleTimeoutMillis?: number
}

const CONNECTIONS = 4
/** How long a runner waits for what it says to the queue: it must come to say it again before a lease is over. */
const RUNNER_ANSWER_MS = 8_000
/** Before that its idle connections are closed. */
const RUNNER_IDLE_MS = 5_000

/** How runners are connected to the queue. */
function runnerDriver(): Driver {
  return { stream: () => impatientSocket(RUNNER_ANSWER_MS), idleTimeoutMillis: RUNNER_IDLE_MS }
}

/**
 * Opens a fleet as its coordinator: makes the tables and brings them up to date.
 * @param runnerRole Database role to which the fleet's tables, and no others, are opened; empty: none.
 * @throws GevulotError WORKER_STATE_NEWER, WORKER_DATABASE_UNAVAILABLE
 */
export async function openFleet(options: FleetOptions, runnerRole: string): Promise<Fleet> {
  return opened(options, async () => {
    const db = await openServer<FleetSchema>({ url: options.url, schema: options.name }, fleetMigrations)
    const boss = await startBoss(options, { stream: () => impatientSocket() }, { migrate: true }).catch(
      async (error: unknown) => {
        await db.destroy()
        throw error
      },
    )
    const fleet = fleetOf(options, db, boss)
    try {
      if (runnerRole !== '') await openTo(runnerRole, db, options.name)
    } catch (error) {
      await fleet.close()
      throw error
    }
    return fleet
  })
}

/**
 * Opens a fleet that another account's coordinator has brought to a newer version: the tables stay as they are. What was given to the fleet before is found there,
 * and nothing more is given to it.
 * @throws GevulotError WORKER_DATABASE_UNAVAILABLE
 */
export async function openNewerFleet(options: FleetOptions): Promise<Fleet> {
  return opened(options, async () => {
    const db = await connectServer<FleetSchema>({ url: options.url, schema: options.name })
    try {
      // Told to change nothing, pg-boss would refuse tables that are newer than itself; as it is, it leaves them alone, and older ones no newer version has left.
      const boss = await startBoss(options, { stream: () => impatientSocket() }, { migrate: true, createSchema: false })
      return fleetOf(options, db, boss)
    } catch (error) {
      await db.destroy()
      throw error
    }
  })
}

/**
 * A coordinator's fleet for the runner in the same process. It speaks to the queue on connections of its own, as runners elsewhere do: the coordinator is more
 * patient than a lease is long.
 */
export async function lendToRunner(fleet: Fleet, options: FleetOptions): Promise<Fleet> {
  const boss = await startBoss(options, runnerDriver(), { migrate: true, createSchema: false }).catch(
    (cause: unknown) => {
      throw databaseUnavailable(cause)
    },
  )
  return { ...fleet, boss, close: () => boss.stop({ graceful: false }) }
}

/**
 * Opens a fleet as one of its runners: changes no table, and refuses those of another version.
 * @throws GevulotError WORKER_STATE_NEWER, WORKER_FLEET_MISSING, WORKER_DATABASE_UNAVAILABLE
 */
export async function joinFleet(options: FleetOptions): Promise<Fleet> {
  return opened(options, async () => {
    const db = await connectServer<FleetSchema>({ url: options.url, schema: options.name })
    try {
      await assertVersion(db, options.name)
      const rights = { migrate: false, createSchema: false }
      const boss = await startBoss(options, runnerDriver(), rights).catch((cause: unknown) => {
        if (isRefusal(cause)) throw missing(`the queue of the fleet ${options.name} is of another version`, cause)
        throw cause
      })
      return fleetOf(options, db, boss)
    } catch (error) {
      await db.destroy()
      throw error
    }
  })
}

/**
 * Refuses tables of another version than this software's.
 * @throws GevulotError WORKER_STATE_NEWER, WORKER_FLEET_MISSING
 */
export async function assertVersion(db: FleetDatabase, name: string): Promise<void> {
  const made = await migrationsMade(db, name)
  const unknown = made.filter((migration) => !FLEET_VERSIONS.includes(migration))
  if (unknown.length > 0) throw stateNewer(new NewerTables(unknown))
  if (made.length < FLEET_VERSIONS.length) throw missing(`the fleet ${name} has no tables of this version yet`)
}

/** The database's clock, milliseconds: the only one that all machines share. */
export async function databaseNow(db: FleetDatabase): Promise<number> {
  const { rows } = await sql<{
    now: number
  }>`select extract(epoch from clock_timestamp())::float8 * 1000 as now`.execute(db)
  const [row] = rows
  if (row === undefined) throw new TypeError('unreachable: a select without a table has one row')
  return row.now
}

async function opened(options: FleetOptions, open: () => Promise<Fleet>): Promise<Fleet> {
  try {
    const fleet = await open()
    fleet.wire.open()
    options.log.info('the fleet is open', { stage: 'start', fleet: options.name })
    return fleet
  } catch (cause) {
    if (cause instanceof GevulotError) throw cause
    if (cause instanceof NewerTables) throw stateNewer(cause)
    throw databaseUnavailable(cause)
  }
}

async function startBoss(
  { url, name, log }: FleetOptions,
  driver: Driver,
  rights: { readonly migrate: boolean; readonly createSchema?: boolean },
): Promise<PgBoss> {
  // Only who has a server needs it.
  const { PgBoss: Boss } = await import('pg-boss')
  const boss = new Boss({
    ...driver,
    ...{ connectionString: url, schema: name, max: CONNECTIONS, application_name: 'gevulot fleet', ...rights },
    // The coordinator alone looks after the queue, when it knows that runners had time to be heard.
    ...{ supervise: false, schedule: false, registerInstance: false, monitorIntervalSeconds: 1 },
    openTelemetry: { enabled: false },
  })
  boss.on('error', (error) => log.warn('the queue reports an error', { stage: 'fleet', error }))
  boss.on('warning', ({ message }) => log.debug('the queue warns', { stage: 'fleet', why: message }))
  await boss.start()
  return boss
}

function fleetOf({ url, name, clock, log }: FleetOptions, db: FleetDatabase, boss: PgBoss): Fleet {
  const wire = new FleetWire({ url, channel: name, clock, log })
  return {
    ...{ db, boss, wire, name },
    close: async () => {
      await wire.close()
      await boss.stop({ graceful: false })
      await db.destroy()
    },
  }
}

/** Lets a role work on the fleet's tables, old and new. It must exist: its password is the operator's to choose. */
async function openTo(role: string, db: FleetDatabase, name: string): Promise<void> {
  const [schema, to] = [sql.id(name), sql.id(role)]
  await sql`grant usage on schema ${schema} to ${to}`.execute(db)
  await sql`grant select, insert, update, delete on all tables in schema ${schema} to ${to}`.execute(db)
  // What another could change by it would deceive the version check.
  await sql`revoke insert, update, delete on ${sql.id(name, 'kysely_migration')}, ${sql.id(name, 'version')} from ${to}`.execute(
    db,
  )
}

/** pg-boss says with a plain Error that it does not fit; the driver's errors have a code. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && !('code' in error)
}

function missing(message: string, cause?: unknown): Error {
  return workerError('WORKER_FLEET_MISSING', message, cause === undefined ? {} : { cause })
}
