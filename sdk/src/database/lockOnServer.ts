import { createHash } from 'node:crypto'
import type { Clock } from '../clock.js'
import { CONNECT_MS, impatientSocket } from './openServer.js'

/** A lock on a Postgres server, held by a connection of its own. */
export interface ServerLock {
  /** Aborted when the lock may be somebody else's now: the connection broke, or the server stopped answering. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** How often a holder asks whether the server is there, and how long the answer may take. */
const HEARTBEAT_MS = 5_000
const ANSWER_MS = 10_000
/** How often one that waits tries again. */
const RETRY_MS = 1_000
/** The server gives the lock of a holder that vanished to another after about twenty seconds. */
const SESSION = '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'

/**
 * Takes an advisory lock, or answers undefined if another has it. Postgres frees it with the connection, so it cannot be left behind.
 * A pooler that shares connections between transactions breaks such locks: connect to the server itself.
 * @param name What is locked.
 * @param wait Waits for it until this is aborted.
 * @throws Error of the driver when the server cannot be reached or refuses.
 */
export async function lockOnServer(
  url: string,
  name: string,
  clock: Clock,
  wait?: AbortSignal,
): Promise<ServerLock | undefined> {
  const { default: pg } = await import('pg')
  const lost = new AbortController()
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    // Whatever is said last: a server that is gone does not answer it.
    stream: () => impatientSocket(),
    application_name: 'gevulot lock',
    options: SESSION,
  })
  client.on('error', (error) => lost.abort(error))
  client.on('end', () => lost.abort(new Error('the connection to the database ended')))
  await client.connect()
  const key = createHash('sha256').update(name).digest().readBigInt64BE().toString()
  const take = async (): Promise<boolean> => {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [key])
    return rows[0]?.taken === true
  }
  try {
    while (!(await take())) {
      if (wait === undefined || wait.aborted) {
        await client.end()
        return undefined
      }
      await clock.sleep(RETRY_MS, wait).catch(() => undefined)
    }
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
  const released = new AbortController()
  const beat = async (): Promise<never> => {
    for (;;) {
      await clock.sleep(HEARTBEAT_MS, released.signal)
      await client.query('select 1')
    }
  }
  const beating = beat().catch((error: unknown) => {
    if (!released.signal.aborted) lost.abort(error)
  })
  return {
    lost: lost.signal,
    release: async () => {
      released.abort()
      await beating
      // A server that gives no answer to it is cut off; a mere goodbye would wait for one.
      if (!lost.signal.aborted) await client.query('select pg_advisory_unlock_all()').catch(() => undefined)
      await client.end()
    },
  }
}
