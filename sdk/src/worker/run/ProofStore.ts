import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkloadId } from '../../chain/index.js'
import { digestOf, type Digest } from '../../content/index.js'
import { diskError, errnoOf, syncDirectory } from '../../content/writeAtomically.js'

/** A finished run's proof and what it is about. */
export interface KeptProof {
  readonly path: string
  readonly digest: Digest
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

/** Proofs on disk, one directory a workload: what was proved is never proved again. */
export class ProofStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
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
    const kept = await this.find(workload)
    if (kept === undefined) throw new TypeError('unreachable: the proof was just kept')
    return kept
  }

  /** The proof of a workload, if a run has made one. */
  async find(workload: WorkloadId): Promise<KeptProof | undefined> {
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

  /** Removes everything of a workload. */
  async remove(workload: WorkloadId): Promise<void> {
    await rm(this.#of(workload), { recursive: true, force: true })
  }

  #of(workload: WorkloadId): string {
    return join(this.#directory, workload)
  }
}
