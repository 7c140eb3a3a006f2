import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak256 } from 'ethers'
import {
  DirectoryStore,
  fetchInputs,
  MultiStore,
  parseDigest,
  type ContentSource,
  type Digest,
} from '../../content/index.js'
import { workerError } from '../../errors/codes/worker.js'
import { tryPackage, type Trial, type TrialResult } from '../../runtime/tryPackage.js'
import { BUNDLE_CONTENT, BUNDLE_FILE, failureBundle, type FailureBundle } from './FailureBundle.js'

/** How a bundle is run again. */
export interface Rerun extends Pick<Trial, 'runtime' | 'cacheDirectory' | 'signal' | 'onLog' | 'limits'> {
  /** Directory of the bundle. */
  readonly bundle: string
  /** For the content of bundles that have none with them. */
  readonly source?: ContentSource
  /** Made if it is not there: inputs and results. */
  readonly workDirectory: string
}

/** What came of it. */
export interface RerunResult {
  readonly bundle: FailureBundle
  readonly run: TrialResult
  /** The program that judges proofs, if there is one and a proof was made. */
  readonly verdict?: TrialResult
  /** Whether the program ended in the same way. */
  readonly sameEnd: boolean
  /** Whether the same proof came out, where one did before: provers need not be deterministic. */
  readonly sameProof?: boolean
}

const MAX_BUNDLE_BYTES = 4 * 2 ** 20

/**
 * Reads a bundle. It may come from anybody.
 * @throws GevulotError WORKER_BUNDLE_INVALID
 */
export async function readBundle(directory: string): Promise<FailureBundle> {
  const path = join(directory, BUNDLE_FILE)
  try {
    const bytes = await readFile(path)
    if (bytes.length > MAX_BUNDLE_BYTES) throw new Error(`it is larger than ${MAX_BUNDLE_BYTES} bytes`)
    return failureBundle.parse(JSON.parse(bytes.toString('utf8')))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 500) : String(cause)
    throw workerError('WORKER_BUNDLE_INVALID', `${path} is no failure bundle: ${why}`, { cause })
  }
}

/**
 * Runs the program of a bundle once more on this machine, without a chain, and compares. Everything is checked against the digests of the
 * bundle.
 * @throws GevulotError WORKER_BUNDLE_INVALID, `CONTENT_*`, `RUNTIME_*`
 */
export async function rerunBundle({
  bundle: directory,
  source: other,
  workDirectory,
  limits,
  ...common
}: Rerun): Promise<RerunResult> {
  const bundle = await readBundle(directory)
  const source = new MultiStore([new DirectoryStore(join(directory, BUNDLE_CONTENT)), ...(other ? [other] : [])])
  const { signal } = common
  const inputs = await fetchInputs(digest(bundle.inputs.digest), source, join(workDirectory, 'in'), {
    ...(signal && { signal }),
  })
  if (keccak256(await readFile(inputs.publicInputs.path)) !== bundle.inputs.publicInputs) {
    throw workerError('WORKER_BUNDLE_INVALID', 'the public inputs are not those of the workload')
  }
  const { gpus: _, ...given } = bundle.run.limits
  const job: Omit<Trial, 'package' | 'inputs' | 'outputDirectory'> = {
    ...{ ...common, source, args: inputs.args },
    ...{ workload: bundle.workload, prover: bundle.prover, limits: { ...given, ...limits } },
  }
  const run = await tryPackage({
    ...{ ...job, package: digest(bundle.program.package), inputs: inputs.files },
    outputDirectory: join(workDirectory, 'out'),
  })
  const proof = run.outcome.kind === 'ok' ? run.outcome.files.find(({ name }) => name === 'proof') : undefined
  const judge = digest(bundle.program.verifierPackage)
  const isJudged = proof !== undefined && BigInt(bundle.program.verifier) === 0n && bundle.refused !== undefined
  const verdict = isJudged
    ? await tryPackage({
        ...{ ...job, package: judge, inputs: [...inputs.files, { name: 'proof', path: proof.path }] },
        // What the verifier asks for itself.
        ...{ limits: { seconds: given.seconds }, outputDirectory: join(workDirectory, 'verdict') },
      })
    : undefined
  return {
    ...{ bundle, run },
    ...(verdict && { verdict }),
    sameEnd: run.outcome.kind === bundle.run.ended.kind && (verdict?.outcome.kind ?? 'invalid') === 'invalid',
    ...(bundle.run.proof !== undefined && { sameProof: proof?.sha256 === bundle.run.proof }),
  }
}

function digest(text: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    throw workerError('WORKER_BUNDLE_INVALID', `${text.slice(0, 100)} is no digest`, { cause })
  }
}
