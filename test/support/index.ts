import { sql, type Kysely } from 'kysely'
import { ChainIndex } from '../../sdk/src/api/chainIndex/ChainIndex.js'
import { IndexStore } from '../../sdk/src/api/chainIndex/IndexStore.js'
import { INDEX_TABLES } from '../../sdk/src/api/store/indexTables.js'
import { migrations } from '../../sdk/src/api/store/migrations.js'
import type { ApiSchema } from '../../sdk/src/api/store/schema.js'
import { systemClock } from '../../sdk/src/clock.js'
import type { Contracts } from '../../sdk/src/chain/connect.js'
import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'
import { openServer } from '../../sdk/src/database/openServer.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'

/** Everything that an index holds, in an order of its own. */
export type IndexDump = Readonly<Record<string, readonly unknown[]>>

/** An index of its own, in memory. */
export class TestIndex {
  readonly db: Kysely<ApiSchema>
  readonly store: IndexStore
  readonly #contracts: Contracts

  private constructor(db: Kysely<ApiSchema>, contracts: Contracts) {
    this.db = db
    this.store = new IndexStore(db)
    this.#contracts = contracts
  }

  /**
   * @param place A server that it is on; without one in memory.
   * @param known The migrations of the build that made it; without them this one.
   */
  static async open(
    contracts: Contracts,
    { databaseUrl: url }: { readonly databaseUrl?: string } = {},
    known = migrations,
  ): Promise<TestIndex> {
    const db = url === undefined ? openEmbedded<ApiSchema>(undefined, known) : openServer<ApiSchema>({ url, schema: 'api_test' }, known) // prettier-ignore
    return new TestIndex(await db, contracts)
  }

  /** Follows the chain until it has come to the newest block; the first time from the beginning, then from where it was. */
  async catchUp(): Promise<void> {
    const target = await this.#contracts.provider.getBlock('latest')
    const over = new AbortController()
    const log = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
    const index = new ChainIndex({
      ...{ contracts: this.#contracts, store: this.store, clock: systemClock, log, pollMs: 20 },
      onResume: (block) => block.hash === target?.hash && over.abort(),
      onBatch: (batch) => {
        if (batch.kind === 'events' && batch.to.hash === target?.hash) over.abort()
      },
    })
    await index.run(over.signal)
  }

  async dump(): Promise<IndexDump> {
    const tables = Object.keys(INDEX_TABLES).map(async (table) => {
      const { rows } = await sql<{ row: unknown }>`select to_jsonb(own) as row from ${sql.table(table)} own`.execute(
        this.db,
      )
      return [table, rows.map(({ row }) => JSON.stringify(row)).sort()] as const
    })
    return Object.fromEntries(await Promise.all(tables))
  }

  close(): Promise<void> {
    return this.db.destroy()
  }
}

/** What an index holds that reads the whole chain now. */
export async function freshDump(contracts: Contracts): Promise<IndexDump> {
  const index = await TestIndex.open(contracts)
  try {
    await index.catchUp()
    return await index.dump()
  } finally {
    await index.close()
  }
}
