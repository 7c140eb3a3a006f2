import type { ExpressionBuilder, ExpressionWrapper, Selectable, SqlBool } from 'kysely'
import type { Clock } from '../../clock.js'
import type { Database } from './openDatabase.js'
import type { WorkerSchema } from './schema.js'

/** One signed version of a transaction. */
export interface TxVersion {
  readonly hash: string
  /** The signed bytes. */
  readonly raw: string
  readonly maxFee: bigint
  readonly priorityFee: bigint
  /** Whether it only uses up the nonce. */
  readonly cancels: boolean
}

/** A transaction that was signed and is not known to have ended. */
export interface SentTx {
  readonly id: number
  readonly key: string
  readonly nonce: number
  readonly to: string
  readonly data: string
  readonly gasLimit: bigint
  readonly deadline?: number
  /** Oldest first; never empty. */
  readonly versions: readonly TxVersion[]
}

/** How a journalled transaction ended. */
export type TxEnd = 'mined' | 'reverted' | 'superseded' | 'expired'

/** What the publisher has signed, written before it is sent: a restart finds every hash that may still be mined. */
export class TransactionJournal {
  readonly #db: Database
  readonly #clock: Clock

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /**
   * Adds a transaction with its first signed version. It takes the place of one that waits at its nonce: that was written though its writing seemed to fail, and so it
   * was never sent.
   */
  async add(tx: Omit<SentTx, 'id' | 'versions'>, version: TxVersion): Promise<SentTx> {
    return this.#db.transaction().execute(async (db) => {
      await deleteAll(db, (is) => is.and([is('nonce', '=', tx.nonce), is('state', '=', 'sent')]))
      const { id } = await db
        .insertInto('transactions')
        .values({
          key: tx.key,
          nonce: tx.nonce,
          target: tx.to,
          data: tx.data,
          gas_limit: tx.gasLimit.toString(),
          deadline: tx.deadline ?? null,
          state: 'sent',
          at: this.#clock.now(),
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      await this.#addVersion(db, id, version)
      return { ...tx, id, versions: [version] }
    })
  }

  /** Adds a version: a fee bump or a replacement. */
  async addVersion(tx: SentTx, version: TxVersion): Promise<SentTx> {
    await this.#addVersion(this.#db, tx.id, version)
    return { ...tx, versions: [...tx.versions, version] }
  }

  /** Notes how a transaction ended. */
  async end(tx: SentTx, state: TxEnd): Promise<void> {
    await this.#db.updateTable('transactions').set({ state }).where('id', '=', tx.id).execute()
  }

  /** Takes back a transaction of which no node has ever accepted a version. */
  async remove(tx: SentTx): Promise<void> {
    await this.#db.transaction().execute((db) => deleteAll(db, (is) => is('id', '=', tx.id)))
  }

  /** Forgets what has ended at nonces below one, and was signed before a time (milliseconds). */
  async forget(nonce: number, at: number): Promise<void> {
    await this.#db
      .transaction()
      .execute((db) =>
        deleteAll(db, (is) => is.and([is('nonce', '<', nonce), is('at', '<', at), is('state', '!=', 'sent')])),
      )
  }

  /** The newest transaction signed for a nonce, whatever became of it. */
  async newestAt(nonce: number): Promise<SentTx | undefined> {
    const row = await this.#db
      .selectFrom('transactions')
      .selectAll()
      .where('nonce', '=', nonce)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && this.#sentTx(row)
  }

  /** A reorg has taken back how it ended: it may be mined again. */
  async reopen(tx: SentTx): Promise<void> {
    await this.#db.updateTable('transactions').set({ state: 'sent' }).where('id', '=', tx.id).execute()
  }

  /** What was signed since a time (milliseconds), whatever became of it. */
  async since(
    at: number,
  ): Promise<readonly { readonly key: string; readonly gasLimit: bigint; readonly at: number }[]> {
    const rows = await this.#db
      .selectFrom('transactions')
      .select(['key', 'gas_limit', 'at'])
      .where('at', '>=', at)
      .execute()
    return rows.map((row) => ({ key: row.key, gasLimit: BigInt(row.gas_limit), at: row.at }))
  }

  /** Transactions that may still be mined, by nonce. */
  async pending(): Promise<readonly SentTx[]> {
    const rows = await this.#db
      .selectFrom('transactions')
      .selectAll()
      .where('state', '=', 'sent')
      .orderBy('nonce')
      .execute()
    return Promise.all(rows.map((row) => this.#sentTx(row)))
  }

  async #sentTx(row: Selectable<WorkerSchema['transactions']>): Promise<SentTx> {
    return {
      id: row.id,
      key: row.key,
      nonce: row.nonce,
      to: row.target,
      data: row.data,
      gasLimit: BigInt(row.gas_limit),
      ...(row.deadline !== null && { deadline: row.deadline }),
      versions: await this.#versions(row.id),
    }
  }

  /**
   * What gives back a nonce, a reorg, has the same request signed to the same bytes once more: they are a version of the transaction that waits for them now.
   */
  async #addVersion(db: Database, id: number, version: TxVersion): Promise<void> {
    const row = this.#row(id, version)
    await db
      .insertInto('transaction_versions')
      .values(row)
      .onConflict((conflict) => conflict.column('hash').doUpdateSet({ transaction_id: id, at: row.at }))
      .execute()
  }

  async #versions(id: number): Promise<TxVersion[]> {
    const rows = await this.#db
      .selectFrom('transaction_versions')
      .selectAll()
      .where('transaction_id', '=', id)
      .orderBy('at')
      .execute()
    return rows.map((row) => ({
      hash: row.hash,
      raw: row.raw,
      maxFee: BigInt(row.max_fee),
      priorityFee: BigInt(row.priority_fee),
      cancels: row.cancels,
    }))
  }

  #row(id: number, version: TxVersion) {
    return {
      transaction_id: id,
      hash: version.hash,
      raw: version.raw,
      max_fee: version.maxFee.toString(),
      priority_fee: version.priorityFee.toString(),
      cancels: version.cancels,
      at: this.#clock.now(),
    }
  }
}

type Is = ExpressionBuilder<WorkerSchema, 'transactions'>

/** Deletes transactions with all their versions. */
async function deleteAll(
  db: Database,
  which: (is: Is) => ExpressionWrapper<WorkerSchema, 'transactions', SqlBool>,
): Promise<void> {
  const ids = db.selectFrom('transactions').select('id').where(which)
  await db.deleteFrom('transaction_versions').where('transaction_id', 'in', ids).execute()
  await db.deleteFrom('transactions').where(which).execute()
}
