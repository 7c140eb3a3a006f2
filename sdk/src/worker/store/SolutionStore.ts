import type { Bytes32, Hex } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { Database } from './openDatabase.js'

/** A solved puzzle. */
export interface Solved {
  readonly seed: Bytes32
  readonly solution: Hex
}

/** What was solved last for each seat: it outlives the process, and whoever takes over has it too. */
export class SolutionStore {
  readonly #db: Database
  readonly #clock: Clock

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Keeps the solution for a seat, in the place of the one before. */
  async keep(seat: number, { seed, solution }: Solved): Promise<void> {
    const row = { seed, solution, at: this.#clock.now() }
    await this.#db
      .insertInto('solutions')
      .values({ seat, ...row })
      .onConflict((conflict) => conflict.column('seat').doUpdateSet(row))
      .execute()
  }

  /** The newest solution for a seat. */
  async find(seat: number): Promise<Solved | undefined> {
    const row = await this.#db
      .selectFrom('solutions')
      .select(['seed', 'solution'])
      .where('seat', '=', seat)
      .executeTakeFirst()
    return row as Solved | undefined
  }

  /** Drops the solution for a seat: it solves nothing. */
  async drop(seat: number): Promise<void> {
    await this.#db.deleteFrom('solutions').where('seat', '=', seat).execute()
  }
}
