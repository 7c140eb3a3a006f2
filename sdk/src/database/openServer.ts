import { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import { migrate } from './migrate.js'

/** Tables on a Postgres server. */
export interface ServerPlace {
  /** `postgres://user:password@host:port/database`; a secret. */
  readonly url: string
  /** Postgres schema of the tables; made if it is not there. */
  readonly schema: string
}

/** So long a server may take to answer a connection; a request of a daemon must not hang for ever. */
export const CONNECT_MS = 10_000

/** So long it may be silent on a connection before that is given up, with the statement on it: its machine may be gone, and nobody else says so. */
export const ANSWER_MS = 60_000

const CONNECTIONS = 8

/** What a driver connects by, so that no statement waits for ever. One that nobody uses is given up too, which costs nothing. */
export function impatientSocket(milliseconds = ANSWER_MS): Socket {
  const socket = new Socket()
  return socket.setTimeout(milliseconds, () => {
    socket.destroy(new Error(`the database server did not answer for ${milliseconds / 1000} s`))
  })
}

/**
 * Opens the tables of one daemon on a Postgres server and brings them up to date. A connection that breaks fails the statements on it, and the next ones get another.
 * @throws Error of the driver when the server cannot be reached or refuses; otherwise as {@link openEmbedded}.
 */
export async function openServer<Schema>(place: ServerPlace, migrations: MigrationProvider): Promise<Kysely<Schema>> {
  const db = await connectServer<Schema>(place)
  try {
    await db.schema.createSchema(place.schema).ifNotExists().execute()
  } catch (error) {
    await db.destroy()
    throw error
  }
  return migrate(db, migrations, place.schema)
}

/**
 * The same without making or changing any table. Connects with the first statement.
 * @param answerMs See {@link ANSWER_MS}.
 */
export async function connectServer<Schema>(
  { url, schema }: ServerPlace,
  answerMs = ANSWER_MS,
): Promise<Kysely<Schema>> {
  // Only who has a server needs the driver.
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    stream: () => impatientSocket(answerMs),
    application_name: 'gevulot',
    // What a transaction holds whose client has vanished must not be held as long as TCP takes to find out: two hours.
    options: `-c search_path=${schema} -c idle_in_transaction_session_timeout=${answerMs}`,
  })
  // A connection that breaks is an event nobody waits for, idle or in use; the statement on it fails by itself.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}
