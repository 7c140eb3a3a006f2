import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { WorkloadId } from '../../chain/index.js'
import { digestOf, hexOf, type Digest } from '../../content/index.js'
import type { Database } from '../store/openDatabase.js'
import { diskError, errnoOf, syncDirectory } from '../../content/writeAtomically.js'

/** A finished run's proof and what it is about. */
export interface KeptProof {
  readonly path: string
  readonly digest: Digest
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

/** Bytes of public inputs and of a proof. */
export interface Load {
  readonly publicInputs: number
  readonly proof: number
}

/** Largest proof, and largest public inputs, that are kept, copied beside the files, and go from one machine to another, bytes. */
export const COPY_LIMIT = 32 * 1024 * 1024

const WORKLOAD = /^0x[0-9a-f]{64}$/

/** Proofs on disk, one directory a workload: what was proved is never proved again. */
export class ProofStore {
  readonly #directory: string
  readonly #copies: Database | undefined

  /** @param copies Where a copy of each proof is kept too, for another machine that takes over. */
  constructor(directory: string, copies?: Database) {
    this.#directory = directory
    this.#copies = copies
  }

  /**
   * Takes a proof over. The proof's own name appears last, so a proof that can be found is whole. Neither it nor its public inputs may be larger than
   * {@link COPY_LIMIT}.
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
    await this.#copy(workload, kept)
    return kept
  }

  /** Sees that the copy of a proof is there: the statement that wrote it when the proof was kept may have failed. Nothing where no copies are kept. */
  async share(workload: WorkloadId, kept: KeptProof): Promise<void> {
    const there = await this.#copies
      ?.selectFrom('proofs')
      .select('workload')
      .where('workload', '=', workload)
      .where(sql<boolean>`encode(sha256(proof), 'hex') = ${hexOf(kept.digest)}`)
      .executeTakeFirst()
    if (there === undefined) await this.#copy(workload, kept)
  }

  async #copy(workload: WorkloadId, { proof, publicInputs }: KeptProof): Promise<void> {
    const copy = { proof, public_inputs: publicInputs }
    await this.#copies
      ?.insertInto('proofs')
      .values({ workload, ...copy })
      .onConflict((conflict) => conflict.column('workload').doUpdateSet(copy))
      .execute()
  }

  /**
   * The proof of a workload, if a run has made one, here or where the copies come from. Nothing larger than {@link COPY_LIMIT} is read: earlier versions
   * kept whatever a program made.
   */
  async find(workload: WorkloadId): Promise<KeptProof | undefined> {
    return (await this.#read(workload)) ?? this.#restore(workload)
  }

  async #restore(workload: WorkloadId): Promise<KeptProof | undefined> {
    const row = await this.#copies
      ?.selectFrom('proofs')
      .selectAll()
      .where('workload', '=', workload)
      .where(sql<boolean>`greatest(octet_length(proof), octet_length(public_inputs)) <= ${COPY_LIMIT}`)
      .executeTakeFirst()
    if (row === undefined) return undefined
    return this.adopt(workload, row.proof, row.public_inputs)
  }

  async #read(workload: WorkloadId): Promise<KeptProof | undefined> {
    const load = await this.loadOf(workload)
    if (load === undefined || Math.max(load.proof, load.publicInputs) > COPY_LIMIT) return undefined
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

  /** How large what is on disk here is, without reading it. */
  async loadOf(workload: WorkloadId): Promise<Load | undefined> {
    try {
      const { size: proof } = await stat(join(this.#of(workload), 'proof'))
      const { size: publicInputs } = await stat(join(this.#of(workload), 'public_inputs'))
      return { publicInputs, proof }
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

  /** Workloads of which something is kept, here or where the copies are. */
  async kept(): Promise<readonly WorkloadId[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    })
    const copies = (await this.#copies?.selectFrom('proofs').select('workload').execute()) ?? []
    const all = new Set([...names.filter((name) => WORKLOAD.test(name)), ...copies.map(({ workload }) => workload)])
    return [...all] as WorkloadId[]
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
