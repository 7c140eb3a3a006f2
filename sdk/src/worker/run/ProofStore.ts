import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkloadId } from '../../chain/index.js'
import { digestOf, type Digest } from '../../content/index.js'
import type { Database } from '../store/openDatabase.js'
import { diskError, errnoOf, syncDirectory } from '../../content/writeAtomically.js'

/** A finished run's proof and what it is about. */
export interface KeptProof {
  readonly path: string
  readonly digest: Digest
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

/** Largest proof of which a copy is kept beside the files, and that goes from one machine to another, bytes. */
export const COPY_LIMIT = 32 * 1024 * 1024

/** Proofs on disk, one directory a workload: what was proved is never proved again. */
export class ProofStore {
  readonly #directory: string
  readonly #copies: Database | undefined

  /** @param copies Where a copy of each proof is kept too, for another machine that takes over; larger ones than 32 MiB are not. */
  constructor(directory: string, copies?: Database) {
    this.#directory = directory
    this.#copies = copies
  }

  /**
   * Takes a proof over. The proof's own name appears last, so a proof that can be found is whole.
   * @param proofFile A file that is already synced to disk, on the same file system.
   * @throws GevulotError CONTENT_DISK_FULL
   */
  async keep(workload: WorkloadId, proofFile: string, publicInputs: Uint8Array): Promise<KeptProof> {
    const directory = this.#of(workload)
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFile(join(directory, 'public_inputs'), publicInputs, { flush: true })
      await rename(proofFile, join(directory, 'proof'))
      await syncDirectory(directory)
    } catch (error) {
      throw diskError(error, directory)
    }
    const kept = await this.#read(workload)
    if (kept === undefined) throw new TypeError('unreachable: the proof was just kept')
    if (kept.proof.length <= COPY_LIMIT) {
      await this.#copies
        ?.insertInto('proofs')
        .values({ workload, proof: kept.proof, public_inputs: publicInputs })
        .onConflict((conflict) =>
          conflict.column('workload').doUpdateSet({ proof: kept.proof, public_inputs: publicInputs }),
        )
        .execute()
    }
    return kept
  }

  /** The proof of a workload, if a run has made one, here or where the copies come from. */
  async find(workload: WorkloadId): Promise<KeptProof | undefined> {
    return (await this.#read(workload)) ?? this.#restore(workload)
  }

  async #restore(workload: WorkloadId): Promise<KeptProof | undefined> {
    const row = await this.#copies?.selectFrom('proofs').selectAll().where('workload', '=', workload).executeTakeFirst()
    if (row === undefined) return undefined
    return this.adopt(workload, row.proof, row.public_inputs)
  }

  async #read(workload: WorkloadId): Promise<KeptProof | undefined> {
    const path = join(this.#of(workload), 'proof')
    try {
      const proof = await readFile(path)
      const publicInputs = await readFile(join(this.#of(workload), 'public_inputs'))
      return { path, digest: digestOf(proof), proof, publicInputs }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Keeps what the program printed, for the operator. A full disk is no reason to lose a proof. */
  async keepLog(workload: WorkloadId, log: string): Promise<void> {
    await mkdir(this.#of(workload), { recursive: true, mode: 0o700 }).catch(() => undefined)
    await writeFile(join(this.#of(workload), 'log.txt'), log).catch(() => undefined)
  }

  /** What the program printed; empty if nothing was kept. */
  async readLog(workload: WorkloadId): Promise<string> {
    return readFile(join(this.#of(workload), 'log.txt'), 'utf8').catch(() => '')
  }

  /** Takes a proof over from another machine. @throws GevulotError CONTENT_DISK_FULL */
  async adopt(workload: WorkloadId, proof: Uint8Array, publicInputs: Uint8Array): Promise<KeptProof> {
    const file = join(this.#of(workload), 'proof.part')
    try {
      await mkdir(this.#of(workload), { recursive: true, mode: 0o700 })
      await writeFile(file, proof, { flush: true })
    } catch (error) {
      throw diskError(error, file)
    }
    return this.keep(workload, file, publicInputs)
  }

  /** Removes everything of a workload. */
  async remove(workload: WorkloadId): Promise<void> {
    await this.#copies?.deleteFrom('proofs').where('workload', '=', workload).execute()
    await rm(this.#of(workload), { recursive: true, force: true })
  }

  #of(workload: WorkloadId): string {
    return join(this.#directory, workload)
  }
}
