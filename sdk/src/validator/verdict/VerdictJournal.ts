import { randomBytes } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict, VerdictDomain, WorkloadId } from '../../chain/index.js'
import { diskError, errnoOf, syncDirectory } from '../../content/writeAtomically.js'
import { validatorError } from '../../errors/codes/validator.js'
import type { Database } from '../../worker/store/openDatabase.js'
import { VerdictTable } from './VerdictTable.js'

const NAME = /^0x[0-9a-f]{64}-\d{1,3}-0x[0-9a-f]{64}\.json$/

/** What names a verdict: one may be signed for each, ever. */
export type VerdictKey = Omit<Verdict, 'valid'>

/** A verdict on record. */
export interface RecordedVerdict extends Verdict {
  /** Proofs about which the verifier program itself said it, here; bit k for commit order k. Absent: nobody noted it. */
  readonly said?: number
}

/**
 * The guard against equivocation: before a verdict is signed it is recorded here, one for each workload, attempt and set of
 * proofs, for ever; another one is refused. The proofs are part of the key because after a reorg that changes the reveals an
 * honest member has to judge again, and a verdict on other proofs is no second one for the contract either.
 *
 * Each record is a file that appears whole, synced to disk with its name, under a name that only one can take: a power cut
 * loses no record whose signature may have left, and two processes cannot both record. With a database server it is a row there too, and first: machines that
 * share the server cannot both record either. Whichever exists counts, and two that differ are an error.
 */
export class VerdictJournal {
  readonly #directory: string
  readonly #table: VerdictTable | undefined
  /** Whether every file that is here is in its directory on disk too: who made one may have died before that. */
  #isSynced = false

  /**
   * @param directory Parent of the files; committees of different chains and contracts are kept apart below it.
   * @param server Where other machines look, too.
   */
  constructor(directory: string, domain: VerdictDomain, server?: Database) {
    this.#directory = join(directory, `${domain.chainId}-${domain.committee.toLowerCase()}`)
    this.#table = server && new VerdictTable(server, domain)
  }

  /**
   * Tells the server of records that only this machine has: it was without a server before.
   * @throws GevulotError VALIDATOR_VERDICT_CONFLICT, VALIDATOR_JOURNAL_INVALID, WORKER_DATABASE_UNAVAILABLE
   */
  async share(): Promise<void> {
    if (this.#table === undefined) return
    for (const name of await this.#names()) {
      const [workload, attempt, proofs] = name.split('-')
      await this.find({
        workload: workload as WorkloadId,
        attempt: Number(attempt),
        proofs: proofs as Verdict['proofs'],
      })
    }
  }

  /**
   * Records a verdict; nothing happens when the same is on record. Only what this has resolved for may be signed.
   * @throws GevulotError VALIDATOR_VERDICT_CONFLICT, VALIDATOR_JOURNAL_INVALID, CONTENT_DISK_FULL, WORKER_DATABASE_UNAVAILABLE
   */
  async record(verdict: RecordedVerdict): Promise<void> {
    const have = (await this.find(verdict)) ?? (await this.#settle(verdict))
    if (have?.valid !== verdict.valid) throw conflict(verdict, have)
  }

  /**
   * The verdict on record, if there is one; then it is on record wherever it has to be.
   * @throws GevulotError VALIDATOR_VERDICT_CONFLICT when file and row differ, VALIDATOR_JOURNAL_INVALID, CONTENT_DISK_FULL, WORKER_DATABASE_UNAVAILABLE
   */
  async find(key: VerdictKey): Promise<RecordedVerdict | undefined> {
    const [filed, shared] = [await this.#read(key), await this.#table?.find(key)]
    const isEverywhere = filed !== undefined && (this.#table === undefined || filed.valid === shared?.valid)
    if (isEverywhere) return filed
    const known = shared ?? filed
    return known && this.#settle(known)
  }

  /** Records a verdict where it is missing: on the server first, which decides between machines. @returns What is on record then. */
  async #settle(verdict: RecordedVerdict): Promise<RecordedVerdict | undefined> {
    await this.#table?.put(verdict)
    const shared = (await this.#table?.find(verdict)) ?? verdict
    await this.#write(shared)
    const filed = await this.#read(verdict)
    if (this.#table !== undefined && filed?.valid !== shared.valid) throw conflict(shared, filed)
    return filed
  }

  async #read(key: VerdictKey): Promise<RecordedVerdict | undefined> {
    const path = this.#path(key)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw validatorError('VALIDATOR_JOURNAL_INVALID', `cannot read ${path}`, { cause })
    }
    const verdict = parse(text)
    const isOurs =
      verdict?.workload === key.workload && verdict.attempt === key.attempt && verdict.proofs === key.proofs
    if (isOurs) {
      if (!this.#isSynced) await syncDirectory(this.#directory)
      this.#isSynced = true
      return verdict
    }
    throw validatorError('VALIDATOR_JOURNAL_INVALID', `${path} does not hold the verdict of its name`)
  }

  /** A hard link fails where the name is taken; a rename would replace what is there. */
  async #write(verdict: RecordedVerdict): Promise<void> {
    const path = this.#path(verdict)
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 })
      await writeFile(temporary, `${JSON.stringify(verdict)}\n`, { flag: 'wx', mode: 0o400, flush: true })
      await link(temporary, path)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw diskError(error, path)
    } finally {
      await rm(temporary, { force: true })
    }
    // Also where the file was there: whoever made it may have died before this.
    await syncDirectory(this.#directory)
  }

  /** Names of the keys on record here. */
  async #names(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#directory)
      return names.filter((name) => NAME.test(name)).map((name) => name.slice(0, -'.json'.length))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw diskError(error, this.#directory)
    }
  }

  #path({ workload, attempt, proofs }: VerdictKey): string {
    return join(this.#directory, `${workload}-${attempt}-${proofs}.json`)
  }
}

function conflict(refused: RecordedVerdict, have: RecordedVerdict | undefined): Error {
  const { workload, attempt, proofs, valid } = refused
  const details = { workload, attempt, proofs, have: have?.valid, refused: valid }
  return validatorError('VALIDATOR_VERDICT_CONFLICT', `attempt ${attempt} of ${workload} has another verdict already`, {
    details,
  })
}

function parse(text: string): RecordedVerdict | undefined {
  try {
    const value = JSON.parse(text) as RecordedVerdict
    return [value.valid, value.said ?? 0].every((set) => Number.isSafeInteger(set) && set >= 0) ? value : undefined
  } catch {
    return undefined
  }
}
