import { createReadStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import { digestOf, fetchInputs, type ContentSource, type LocalInputs, type LocalPackage } from '../../content/index.js'
import type { PackageCache } from '../../content/PackageCache.js'
import { diskError } from '../../content/writeAtomically.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Runtime } from '../../runtime/index.js'
import type { ChainTime } from '../../worker/chain/ChainTime.js'
import type { Logger } from '../../worker/log/Logger.js'
import { keccakInPieces } from '../../worker/run/keccakInPieces.js'
import type { Grant, ResourceLedger } from '../../worker/run/ResourceLedger.js'
import { runVerifier } from '../../worker/run/runVerifier.js'
import type { ValidatorConfig } from '../config/ValidatorConfig.js'
import type { Case, Exhibit, Finding, Judging } from './Case.js'

/** What a {@link Judge} needs. */
export interface JudgeOptions {
  readonly config: Pick<ValidatorConfig, 'logKiB' | 'maxContentMiB' | 'maxProofMiB' | 'dataDirectory'>
  readonly runtime: Runtime
  readonly ledger: ResourceLedger
  readonly packages: PackageCache
  readonly sources: (uris: readonly string[]) => ContentSource
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
}

/** What all exhibits of a case are judged by. */
interface Basis {
  readonly matter: Case
  readonly verifier: LocalPackage
  readonly inputs: LocalInputs
}

/** Ends the judging without a verdict. */
class Unable extends Error {}

/** Ends the search for content: it counts as not there. */
class Missing extends Error {}

const RETRY_MS = 1_000
const MAX_RETRY_MS = 15_000
const MIB = 2 ** 20
/** Content that is wrong, and so stays wrong however often it is fetched. */
const WRONG = ['CONTENT_TOO_LARGE', 'CONTENT_MANIFEST_INVALID', 'CONTENT_FILE_INVALID']

/**
 * Forms this machine's own opinion of revealed proofs: fetches each by its digest and runs the program's verifier package on it.
 * Valid is what the verifier program says is valid, here; everything else is not, be it refused, missing or never ending.
 * Only where the machine itself is at fault there is no opinion.
 */
export class Judge {
  readonly #options: JudgeOptions

  constructor(options: JudgeOptions) {
    this.#options = options
  }

  /**
   * Judges all proofs of a case.
   * @throws the reason of `signal`.
   */
  async judge(matter: Case, signal: AbortSignal): Promise<Judging> {
    const directory = join(this.#options.config.dataDirectory, 'work', `${matter.workload}-${matter.attempt}`)
    try {
      await rm(directory, { recursive: true, force: true })
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const findings = await this.#findings(matter, directory, signal)
      const setOf = (wanted: 'valid' | 'said') =>
        findings.reduce((set, finding) => (finding[wanted] ? set | (1 << finding.order) : set), 0)
      const valid = (setOf('valid') | matter.decidedValid) >>> 0
      return { kind: 'verdict', valid, said: setOf('said') >>> 0, findings }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof Unable) return { kind: 'unable', why: error.message }
      if (GevulotError.is(error, 'CONTENT_DISK_FULL')) return { kind: 'unable', why: 'the disk is full' }
      throw error
    } finally {
      this.#options.packages.release(matter)
      await rm(directory, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  async #findings(matter: Case, directory: string, signal: AbortSignal): Promise<readonly Finding[]> {
    let verifier: LocalPackage
    let inputs: LocalInputs
    try {
      ;[verifier, inputs] = await this.#fetchBasis(matter, directory, signal)
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      return matter.exhibits.map(({ order }) => ({ order, valid: false, said: false, reason: error.message }))
    }
    const { ledger } = this.#options
    const refusal = ledger.refusal(verifier.manifest.resources)
    if (refusal !== undefined) throw new Unable(`as a verifier, ${refusal}`)
    // Fetched together: one that is served slowly must not take the others' time.
    let waiting = matter.exhibits.length
    const judged = await Promise.allSettled(
      matter.exhibits.map(async (exhibit): Promise<Finding> => {
        const { order } = exhibit
        try {
          const proof = await this.#fetchProof(exhibit, matter, directory, signal)
          return await ledger.run(
            verifier.manifest.resources,
            (grant) => this.#verify(exhibit, { matter, verifier, inputs }, proof, grant, waiting, signal),
            { signal },
          )
        } catch (error) {
          if (!(error instanceof Missing)) throw error
          return { order, valid: false, said: false, reason: error.message }
        } finally {
          waiting -= 1
        }
      }),
    )
    const broken = judged.find((result) => result.status === 'rejected')
    if (broken !== undefined) throw broken.reason
    return judged.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }

  // ─── Content ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #fetchBasis(
    matter: Case,
    directory: string,
    signal: AbortSignal,
  ): Promise<readonly [LocalPackage, LocalInputs]> {
    const { config, packages, sources, clock } = this.#options
    const source = sources(matter.uris)
    const options = { maxBytes: config.maxContentMiB * MIB, signal }
    const verifier = await this.#retry(matter, 'the verifier package', signal, () =>
      packages.fetch(matter.program.verifierProgram, source, matter, options),
    )
    const inputs = await this.#retry(matter, 'the inputs', signal, () =>
      fetchInputs(matter.inputs, source, join(directory, 'in'), options),
    )
    if ((await keccakInPieces(createReadStream(inputs.publicInputs.path), clock)) !== matter.publicInputs) {
      throw new Missing('the public inputs are not those of the workload')
    }
    return [verifier, inputs]
  }

  /** @returns The file that holds the proof; its digest is checked. */
  async #fetchProof(exhibit: Exhibit, matter: Case, directory: string, signal: AbortSignal): Promise<string> {
    const { config, sources } = this.#options
    const path = join(directory, `proof-${exhibit.order}`)
    if (exhibit.inline.length > 0 && digestOf(exhibit.inline) === exhibit.digest) {
      await writeFile(path, exhibit.inline).catch((error: unknown) => {
        throw diskError(error, path)
      })
      return path
    }
    const source = sources([exhibit.uri, ...matter.uris].filter((uri) => uri !== ''))
    const options = { maxBytes: config.maxProofMiB * MIB, signal }
    await this.#retry(matter, 'the proof', signal, () => source.save(exhibit.digest, path, options))
    return path
  }

  /** Content may appear late, and stores fail now and then; content that is wrong stays wrong. */
  async #retry<T>(matter: Case, what: string, signal: AbortSignal, fetch: () => Promise<T>): Promise<T> {
    const { clock, log, time } = this.#options
    for (let pause = RETRY_MS; ; pause = Math.min(2 * pause, MAX_RETRY_MS)) {
      try {
        return await fetch()
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof GevulotError) || error.code === 'CONTENT_DISK_FULL') throw error
        const isLast = WRONG.includes(error.code) || time.now() + pause / 1000 > matter.fetchUntil
        if (isLast) throw new Missing(`${what} cannot be had: ${error.message}`)
        log.info(`${what} is not there yet`, { workload: matter.workload, stage: 'verify', error })
        await clock.sleep(pause, signal)
      }
    }
  }

  // ─── Run ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param waiting Proofs without a finding, this one among them: each gets its part of the time that is left. */
  async #verify(
    { order, operator }: Exhibit,
    { matter, verifier, inputs }: Basis,
    proof: string,
    grant: Grant,
    waiting: number,
    signal: AbortSignal,
  ): Promise<Finding> {
    const { config, runtime, ledger, time } = this.#options
    signal.throwIfAborted()
    const rounds = Math.ceil(waiting / ledger.atOnce(verifier.manifest.resources))
    const seconds = Math.floor((matter.judgeUntil - time.now()) / rounds)
    if (seconds < 1) throw new Unable('no time is left to run the verifier program')
    const answer = await runVerifier({
      runtime,
      verifier,
      inputs,
      proof,
      workload: matter.workload,
      prover: operator,
      grant,
      seconds,
      logBytes: config.logKiB * 1024,
      outputDirectory: `${proof}.out`,
      signal,
    })
    switch (answer.kind) {
      case 'valid':
        return { order, valid: true, said: true }
      case 'invalid':
        return { order, valid: false, said: answer.said, reason: answer.reason }
      case 'unable':
        throw new Unable(`the runtime failed: ${answer.why}`)
    }
  }
}
