import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict, VerdictDomain } from '../../chain/index.js'
import { diskError, errnoOf, syncDirectory } from '../../content/writeAtomically.js'
import { validatorError } from '../../errors/codes/validator.js'

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
 * loses no record whose signature may have left, and two processes cannot both record.
 */
export class VerdictJournal {
  readonly #directory: string

  /** @param directory Parent of the files; committees of different chains and contracts are kept apart below it. */
  constructor(directory: string, { chainId, committee }: VerdictDomain) {
    this.#directory = join(directory, `${chainId}-${committee.toLowerCase()}`)
  }

  /**
   * Records a verdict; nothing happens when the same is on record. Only what this has resolved for may be signed.
   * @throws GevulotError VALIDATOR_VERDICT_CONFLICT, VALIDATOR_JOURNAL_INVALID, CONTENT_DISK_FULL
   */
  async record(verdict: RecordedVerdict): Promise<void> {
    const { workload, attempt, proofs, valid } = verdict
    await this.#write(verdict)
    const have = await this.find(verdict)
    if (have?.valid === valid) return
    throw validatorError(
      'VALIDATOR_VERDICT_CONFLICT',
      `attempt ${attempt} of ${workload} has another verdict already`,
      {
        details: { workload, attempt, proofs, have: have?.valid, refused: valid },
      },
    )
  }

  /**
   * The verdict on record, if there is one.
   * @throws GevulotError VALIDATOR_JOURNAL_INVALID
   */
  async find(key: VerdictKey): Promise<RecordedVerdict | undefined> {
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
    if (isOurs) return verdict
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

  #path({ workload, attempt, proofs }: VerdictKey): string {
    return join(this.#directory, `${workload}-${attempt}-${proofs}.json`)
  }
}

function parse(text: string): RecordedVerdict | undefined {
  try {
    const value = JSON.parse(text) as RecordedVerdict
    return [value.valid, value.said ?? 0].every((set) => Number.isSafeInteger(set) && set >= 0) ? value : undefined
  } catch {
    return undefined
  }
}
