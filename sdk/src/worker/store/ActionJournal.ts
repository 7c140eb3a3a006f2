import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.js'
import type { Database } from './openDatabase.js'

/** A signed action that may still be carried out. */
export interface SentAction {
  readonly id: number
  /** What it is for. */
  readonly key: string
  /** The same for every signature of it, so that at most one is ever carried out. */
  readonly nonce: bigint
  readonly to: string
  readonly data: string
  /** Last second (chain time) in which it is of use. */
  readonly deadline?: number
  /** Newest block when it was first signed: an event of its nonce that is older is of another act. */
  readonly block: number
}

/**
 * How a journalled action ended. done: its nonce is spent, by the act, by its account that cancelled it, or by another act; another time takes another nonce.
 * dropped: it was given up; a relay may still carry it out before its signature ends.
 */
export type ActionEnd = 'done' | 'dropped'

/**
 * What was signed for relays, written before it is handed out: a nonce is never used for two acts, also not after a restart. A journal from a
 * backup does not know what was spent since, so each process begins a row of nonces of its own.
 */
export class ActionJournal {
  readonly #db: Database
  readonly #clock: Clock
  #next = freshLane()

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** The act's record with its nonce: that of its last time while it is not known to be spent, else a new one. */
  async take(act: Omit<SentAction, 'id' | 'nonce'>): Promise<SentAction> {
    const { key, to, data, deadline, block } = act
    return this.#db.transaction().execute(async (db) => {
      const last = await db
        .selectFrom('actions')
        .selectAll()
        .where('key', '=', key)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      const changes = { target: to, data, deadline: deadline ?? null, state: 'signed' as const, at: this.#clock.now() }
      if (last !== undefined && last.state !== 'done') {
        await db.updateTable('actions').set(changes).where('id', '=', last.id).execute()
        return { ...act, id: last.id, nonce: BigInt(last.nonce), block: last.block }
      }
      const nonce = this.#next++
      const { id } = await db
        .insertInto('actions')
        .values({ ...changes, key, nonce: nonce.toString(), block })
        .returning('id')
        .executeTakeFirstOrThrow()
      return { ...act, id, nonce }
    })
  }

  /** Notes how an action ended. */
  async end({ id }: SentAction, state: ActionEnd): Promise<void> {
    await this.#db.updateTable('actions').set({ state, at: this.#clock.now() }).where('id', '=', id).execute()
  }

  /**
   * Forgets what ended before a time (milliseconds) and was first signed below a block: no signature of it counts any more, and no reorg gives its nonce back. An act
   * that is asked for again gets a new nonce.
   */
  async forget(block: number, at: number): Promise<void> {
    await this.#db
      .deleteFrom('actions')
      .where('state', '!=', 'signed')
      .where('at', '<', at)
      .where('block', '<', block)
      .execute()
  }

  /** Actions that were handed out and are not known to have ended. */
  async pending(): Promise<readonly SentAction[]> {
    const rows = await this.#db.selectFrom('actions').selectAll().where('state', '=', 'signed').orderBy('id').execute()
    return rows.map(({ id, key, nonce, target, data, deadline, block }) => ({
      ...{ id, key, nonce: BigInt(nonce), to: target, data, block },
      ...(deadline !== null && { deadline }),
    }))
  }
}

/** Where the nonces of a process begin: nowhere near those of any other. Consecutive ones share words of the contract's bitmap. */
function freshLane(): bigint {
  return BigInt(`0x${randomBytes(24).toString('hex')}`) << 32n
}
