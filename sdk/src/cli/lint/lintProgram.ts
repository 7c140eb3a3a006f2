import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  fetchPackage,
  type ContentSource,
  type Digest,
  type LocalFile,
  type LocalPackage,
  type ReadProgress,
} from '../../content/index.js'
import { MAX_PACKAGE_MANIFEST_BYTES } from '../../content/PackageManifest.js'
import { parseJson, readRecord, ShapeError, type Members } from '../../content/shape.js'
import { contentError } from '../../errors/codes/content.js'
import { lintError } from '../../errors/codes/lint.js'
import type { Runtime } from '../../runtime/index.js'
import type { Acknowledgements } from './readAcknowledgements.js'
import type { Checked, Observation } from './Rule.js'
import { rules } from './rules/index.js'
import { limitsMissing, missingLimits } from './rules/limitsMissing.js'
import { Sample } from './Sample.js'
import type { Subject } from './Subject.js'

/** What to look at, and with what. */
export interface LintOptions {
  readonly prover: Digest
  readonly verifier: Digest
  readonly source: ContentSource
  /** Where packages are kept. */
  readonly cacheDirectory: string
  /** Where the sample runs. */
  readonly runtime: Runtime
  /** The input files of a sample workload; without any, what needs one is left unchecked. */
  readonly inputs?: readonly LocalFile[]
  /** The sample's arguments. */
  readonly args?: readonly string[]
  /** Whether the program is for a devnet; default false. */
  readonly devnet?: boolean
  /** Whether it is to be deployed with `bindsProver`; default false. */
  readonly bindsProver?: boolean
  /** Seconds that workloads give it; runs take at most 600 if it is not said. */
  readonly maxRunTime?: number
  /** A command line that builds both packages and prints their digests. Run in a shell, in the working directory. */
  readonly build?: string
  readonly acknowledged?: Acknowledgements
  /** Mutated proofs to try; default 24. */
  readonly mutations?: number
  /** Default 1. */
  readonly seed?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ReadProgress) => void
  readonly onNote?: (line: string) => void
}

/** Something found. */
export interface Finding extends Observation {
  readonly rule: string
  /** The reason for which a warning is accepted. */
  readonly acknowledged?: string
}

/** What all rules said. */
export interface LintReport {
  readonly findings: readonly Finding[]
  /** Rules that looked and found nothing. */
  readonly passed: readonly string[]
  /** Rules that could not look. */
  readonly unchecked: readonly { readonly rule: string; readonly reason: string }[]
  /** Acknowledged rules that looked and gave no warning: what was acknowledged is no longer so. */
  readonly unneeded: readonly string[]
}

/**
 * Looks at a program for what has made others' programs forgeable or unusable: reads its packages, proves a sample on this machine, and has
 * the proof judged with something changed. What it finds is there; that it finds nothing does not make a program sound.
 * @throws GevulotError `CONTENT_*`, RUNTIME_JOB_INVALID, RUNTIME_UNAVAILABLE, LINT_BUILD_FAILED, LINT_PACKAGE_WRONG
 */
export async function lintProgram(options: LintOptions): Promise<LintReport> {
  const { prover, verifier, source, cacheDirectory, signal, onProgress, maxRunTime, acknowledged = {} } = options
  const manifests = [await readManifest(prover, options), await readManifest(verifier, options)]
  if (manifests.some((manifest) => missingLimits(manifest).length > 0)) {
    // Not a package: nothing can be fetched or run.
    const unchecked = { unchecked: 'a manifest lacks limits' }
    return reportOf(
      rules.map(({ name }) => [
        name,
        name === limitsMissing.name ? limitsMissing.check({ manifests, maxRunTime }) : unchecked,
      ]),
      acknowledged,
    )
  }
  const fetched = { ...(signal && { signal }), ...(onProgress && { onProgress }) }
  const packages = {
    prover: roleChecked(await fetchPackage(prover, source, cacheDirectory, fetched), 'prove'),
    verifier: roleChecked(await fetchPackage(verifier, source, cacheDirectory, fetched), 'verify'),
  }
  const note = options.onNote ?? (() => undefined)
  const directory = await mkdtemp(join(tmpdir(), 'gevulot-lint-'))
  try {
    const subject: Subject = {
      ...packages,
      manifests,
      devnet: options.devnet ?? false,
      bindsProver: options.bindsProver ?? false,
      maxRunTime,
      build: options.build,
      sample: await takeSample(options, packages, directory, note),
      mutations: options.mutations ?? 24,
      seed: options.seed ?? 1,
      note,
      signal,
    }
    const results: (readonly [string, Checked])[] = []
    for (const rule of rules) results.push([rule.name, await rule.check(subject)])
    return reportOf(results, acknowledged)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function readManifest(digest: Digest, { source, signal }: LintOptions): Promise<Members> {
  const bytes = await source.get(digest, { maxBytes: MAX_PACKAGE_MANIFEST_BYTES, ...(signal && { signal }) })
  try {
    return readRecord(parseJson(bytes), 'manifest')
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw contentError('CONTENT_MANIFEST_INVALID', error.message, { cause: error })
  }
}

function roleChecked(local: LocalPackage, role: 'prove' | 'verify'): LocalPackage {
  const { name, role: its } = local.manifest
  if (its !== role) throw lintError('LINT_PACKAGE_WRONG', `package ${name} is there to ${its}, not to ${role}`)
  return local
}

async function takeSample(
  { runtime, inputs = [], args = [], maxRunTime, signal }: LintOptions,
  packages: Pick<Subject, 'prover' | 'verifier'>,
  directory: string,
  note: (line: string) => void,
): Promise<Sample | undefined> {
  if (inputs.length === 0) return undefined
  note(`proving the sample in ${runtime.name}`)
  const seconds = maxRunTime ?? 600
  return Sample.take({ runtime, ...packages, inputs, args, seconds, directory, ...(signal && { signal }) })
}

function reportOf(results: readonly (readonly [string, Checked])[], acknowledged: Acknowledgements): LintReport {
  const looked = results.flatMap(([rule, checked]) => ('unchecked' in checked ? [] : [[rule, checked] as const]))
  const findings = looked.flatMap(([rule, observations]) =>
    observations.map((observation): Finding => {
      const reason = observation.severity === 'warning' ? acknowledged[rule] : undefined
      return { rule, ...observation, ...(reason !== undefined && { acknowledged: reason }) }
    }),
  )
  return {
    findings,
    passed: looked.filter(([, observations]) => observations.length === 0).map(([rule]) => rule),
    unchecked: results.flatMap(([rule, checked]) =>
      'unchecked' in checked ? [{ rule, reason: checked.unchecked }] : [],
    ),
    unneeded: Object.keys(acknowledged).filter(
      (rule) =>
        looked.some(([name]) => name === rule) &&
        !findings.some((finding) => finding.rule === rule && finding.acknowledged !== undefined),
    ),
  }
}
