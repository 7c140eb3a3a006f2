import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import type { Hex } from '../../chain/hex.js'
import type { Digest } from '../../content/digest.js'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { workerError } from '../../errors/codes/worker.js'
import type { JobKey } from '../job/Job.js'
import type { Database } from './openDatabase.js'

/** What a seat has committed to, or is about to. */
export interface Commitment extends JobKey {
  readonly proofDigest: Digest
  /** 32 bytes; secret until the reveal. */
  readonly salt: Hex
  /** File that holds the proof. */
  readonly proofPath: string
}

/**
 * The guard against committing twice: before a commitment (or a proof) leaves this machine it is recorded here, one for
 * each seat of a workload, for ever; another proof for the same slot is refused.
 *
 * The record is a file of its own, synced to disk (the embedded database survives a killed process, but not a power
 * cut), and a row in the database, so that a server can share it between machines. Whichever exists counts.
 */
export class CommitmentJournal {
  readonly #db: Database
  readonly #directory: string
  readonly #clock: Clock

  /** @param directory Directory of the files; created when first written. */
  constructor(db: Database, directory: string, clock: Clock) {
    this.#db = db
    this.#directory = directory
    this.#clock = clock
  }

  /**
   * Records a commitment to a proof, or answers the one on record if it is to the same proof.
   * @throws GevulotError WORKER_COMMITMENT_CONFLICT
   */
  async record(key: JobKey, proofDigest: Digest, proofPath: string): Promise<Commitment> {
    const have = await this.find(key)
    if (have !== undefined) {
      if (have.proofDigest === proofDigest) return have
      throw workerError('WORKER_COMMITMENT_CONFLICT', `seat ${key.seat} has committed to another proof`, {
        details: { workload: key.workload, seat: key.seat, have: have.proofDigest, refused: proofDigest },
      })
    }
    const salt: Hex = `0x${randomBytes(32).toString('hex')}`
    const commitment: Commitment = { workload: key.workload, seat: key.seat, proofDigest, salt, proofPath }
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeAtomically(this.#path(key), async (file) => {
      await file.writeFile(`${JSON.stringify(commitment)}\n`)
      return this.#path(key)
    })
    await this.#insert(commitment)
    return commitment
  }

  /** The commitment of a seat to a workload, if there is one. */
  async find(key: JobKey): Promise<Commitment | undefined> {
    const row = await this.#db
      .selectFrom('commitments')
      .selectAll()
      .where('workload', '=', key.workload)
      .where('seat', '=', key.seat)
      .executeTakeFirst()
    if (row !== undefined) {
      return {
        workload: key.workload,
        seat: row.seat,
        proofDigest: row.proof_digest as Digest,
        salt: row.salt as Hex,
        proofPath: row.proof_path,
      }
    }
    const filed = await this.#read(key)
    if (filed !== undefined) await this.#insert(filed)
    return filed
  }

  async #insert(commitment: Commitment): Promise<void> {
    const { workload, seat, proofDigest, salt, proofPath } = commitment
    await this.#db
      .insertInto('commitments')
      .values({ workload, seat, proof_digest: proofDigest, salt, proof_path: proofPath, at: this.#clock.now() })
      .execute()
  }

  async #read(key: JobKey): Promise<Commitment | undefined> {
    try {
      const value = JSON.parse(await readFile(this.#path(key), 'utf8')) as Commitment
      if (value.workload === key.workload && value.seat === key.seat) return value
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw workerError('WORKER_STATE_INVALID', `cannot read the commitment in ${this.#path(key)}`, { cause })
    }
    throw workerError('WORKER_STATE_INVALID', `${this.#path(key)} belongs to another slot`)
  }

  #path(key: JobKey): string {
    return join(this.#directory, `${key.workload}-${key.seat}.json`)
  }
}
