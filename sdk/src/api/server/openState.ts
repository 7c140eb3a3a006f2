import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { Contracts } from '../../chain/connect.js'
import type { Clock } from '../../clock.js'
import { lockOnceFreed } from '../../database/lockOnceFreed.js'
import { NewerTables } from '../../database/migrate.js'
import { openEmbedded } from '../../database/openEmbedded.js'
import { openServer } from '../../database/openServer.js'
import { apiError } from '../../errors/codes/api.js'
import { lockDirectory } from '../../worker/lock.js'
import { migrations } from '../store/migrations.js'
import type { ApiSchema } from '../store/schema.js'

/** Where a server's state is. */
export interface StatePlace {
  readonly directory: string
  /** A Postgres server; none: embedded, in the directory. */
  readonly databaseUrl: string | undefined
  readonly contracts: Contracts
  readonly clock: Clock
}

/** A server's state, which no other server uses meanwhile. */
export interface State {
  readonly db: Kysely<ApiSchema>
  /** Aborted when another server may use it now; never of an embedded one. */
  readonly lost: AbortSignal | undefined
}

/**
 * Opens a server's state, and takes it for this process alone.
 * @param closers Gets what has to be done in the end, the last first.
 * @throws GevulotError API_CONFIG_INVALID
 */
export async function openState(place: StatePlace, closers: (() => Promise<unknown>)[]): Promise<State> {
  const { directory, databaseUrl: url } = place
  const lock = await lockDirectory(directory).catch((cause: unknown) => {
    throw apiError('API_CONFIG_INVALID', `another server uses ${directory}`, { cause })
  })
  closers.push(() => lock.release())
  if (url !== undefined) return openOnServer(url, place, closers)
  const db = await openEmbedded<ApiSchema>(join(directory, 'database'), migrations).catch((cause: unknown) => {
    throw unusable(`in ${directory}`, cause)
  })
  closers.push(() => db.destroy())
  return { db, lost: undefined }
}

async function openOnServer(url: string, { contracts, clock }: StatePlace, closers: (() => Promise<unknown>)[]) {
  // One server may keep the state of many: of each deployment, and of workers.
  const schema = `api_${contracts.chainId}_${contracts.addresses.market.toLowerCase()}`
  try {
    // Of a machine that vanished and is up again the server may still hold it.
    const lock = await lockOnceFreed(url, `gevulot/${schema}`, clock, () => undefined)
    if (lock === undefined)
      throw apiError('API_CONFIG_INVALID', `another server uses the schema ${schema} of the database`)
    closers.push(() => lock.release())
    const db = await openServer<ApiSchema>({ url, schema }, migrations)
    closers.push(() => db.destroy())
    return { db, lost: lock.lost }
  } catch (cause) {
    throw unusable('on the server of DATABASE_URL', cause)
  }
}

/** The address holds a password, so it is not repeated; nor is what the driver says of it. */
function unusable(where: string, cause: unknown): Error {
  if (cause instanceof Error && 'code' in cause && cause.code === 'API_CONFIG_INVALID') return cause
  const why = cause instanceof NewerTables ? `: ${cause.message}` : ''
  return apiError('API_CONFIG_INVALID', `cannot open the database ${where}${why}`, { cause })
}
