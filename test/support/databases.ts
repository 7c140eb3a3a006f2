import { randomBytes } from 'node:crypto'

import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { PostgresServer, postgresMissing } from './PostgresServer.js'

/** What a worker's state can be in; tests of it run over each. */
export const DATABASES = ['embedded database', 'Postgres server'] as const

/** Opens a new, empty database of the worker. */
export type OpenDatabase = () => Promise<Database>

/** Gives a suite databases of a kind, on a real server of its own; call it inside `describe`. The suite is skipped where there is no server. */
export function useDatabases(kind: (typeof DATABASES)[number]): OpenDatabase {
  if (kind === 'embedded database') return () => openDatabase()
  const server = usePostgres()
  return () => openDatabase({ url: server().url, schema: `test_${randomBytes(6).toString('hex')}` })
}

/** Where an API server's new, empty state shall be: of the embedded kind in its directory, which needs no word. Else as {@link useDatabases}. */
export function useApiDatabases(kind: (typeof DATABASES)[number]): () => Promise<{ readonly databaseUrl?: string }> {
  if (kind === 'embedded database') return () => Promise.resolve({})
  const server = usePostgres()
  return async () => ({ databaseUrl: await server().create() })
}

/** Gives a suite a Postgres server of its own; call it inside `describe`. The suite is skipped where there is none. */
export function usePostgres(): () => PostgresServer {
  let server: PostgresServer | undefined
  before(async function () {
    const missing = postgresMissing()
    if (missing !== undefined) {
      console.log(`      SKIP ${missing}`)
      this.skip()
    }
    server = await PostgresServer.start()
  })
  after(async () => {
    await server?.stop()
  })
  return () => {
    if (server === undefined) throw new TypeError('the server runs while tests do')
    return server
  }
}
