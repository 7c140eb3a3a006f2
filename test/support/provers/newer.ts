/**
 * A worker or runner as its next version could be: the same daemon, whose tables have been through one migration more: `newer.ts <config>`. What it adds is what
 * migrations usually do: a column with a default, and a table.
 */
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

import { daemonMain } from '../../../sdk/src/worker/daemonMain.js'
import { FLEET_VERSIONS, fleetMigrations } from '../../../sdk/src/worker/fleet/migrations.js'
import { serve } from '../../../sdk/src/worker/serve.js'
import { migrations } from '../../../sdk/src/worker/store/migrations.js'

const NEXT = '9000_next'

async function add(provider: typeof migrations, table: string): Promise<void> {
  const next: Migration = {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable(table)
        .addColumn('note', 'text', (column) => column.notNull().defaultTo('none'))
        .execute()
      await db.schema.createTable('notes').addColumn('note', 'text').execute()
    },
  }
  const all = { ...(await provider.getMigrations()), [NEXT]: next }
  Object.assign(provider, { getMigrations: () => Promise.resolve(all) })
}

await add(migrations, 'jobs')
await add(fleetMigrations, 'tasks')
Object.assign(FLEET_VERSIONS, { [FLEET_VERSIONS.length]: NEXT })
daemonMain({ help: () => '', serve: (path, _environment, stop) => serve(path, {}, stop) })
