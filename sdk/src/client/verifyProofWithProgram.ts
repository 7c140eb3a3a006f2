import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toAddress, ZERO_BYTES32 } from '../chain/hex.js'
import type { ContentSource } from '../content/ContentStore.js'
import type { Digest } from '../content/digest.js'
import { fetchInputs } from '../content/fetchInputs.js'
import { fetchPackage, type LocalPackage } from '../content/fetchPackage.js'
import type { PackageCache } from '../content/PackageCache.js'
import { clientError } from '../errors/codes/client.js'
import type { Client } from './Client.js'
import type { Runtime } from '../runtime/Runtime.js'
import { getProgram } from './getProgram.js'
import type { Verification, VerifyProofParams } from './verifyProof.js'
import { call } from './call.js'

/** Parameters of {@link verifyProofWithProgram}. */
export interface VerifyWithProgramParams extends Omit<VerifyProofParams, 'publicInputs'> {
  /** sha-256 of the inputs manifest. */
  readonly inputs: Digest
  /** Seconds the verifier may run; default 600. */
  readonly seconds?: number
  /** Where packages are kept between runs. */
  readonly cacheDirectory: string
  /** Where the inputs lie while it runs, made if it is missing; default the system's temporary directory, which may be in memory. */
  readonly workDirectory?: string
}

/**
 * Runs the program's verifier package on a proof, in the client's runtime.
 * @throws GevulotError CLIENT_OPTION_MISSING, CLIENT_PARAMETER_INVALID, CLIENT_VERIFIER_FAILED, `RUNTIME_*`, `CONTENT_*`, `CHAIN_*`
 */
export function verifyProofWithProgram(client: Client, params: VerifyWithProgramParams): Promise<Verification> {
  return verifyWithPackages(client, params)
}

/** Where packages are kept: a directory without a bound, or a cache with one. */
interface Packages {
  readonly cacheDirectory: string | PackageCache
}

/** {@link verifyProofWithProgram} for a daemon, which runs for months and bounds what it keeps. */
export function verifyWithPackages(
  client: Client,
  params: Omit<VerifyWithProgramParams, 'cacheDirectory'> & Packages,
): Promise<Verification> {
  return call(client, params, async (client) => {
    const source = client.source ?? client.store
    const { runtime } = client
    if (runtime === undefined || source === undefined) {
      throw clientError('CLIENT_OPTION_MISSING', 'running a verifier program needs a client with runtime and store')
    }
    const { verifierProgram } = await getProgram(client, params)
    if (verifierProgram === ZERO_BYTES32)
      throw clientError('CLIENT_PARAMETER_INVALID', 'the program has no verifier package')
    return runVerifier({ runtime, source }, { ...params, verifierProgram })
  })
}

/** Parameters of {@link runVerifier}. */
export interface RunVerifierParams extends Omit<VerifyWithProgramParams, 'program' | 'cacheDirectory'>, Packages {
  /** sha-256 of the verifier package. */
  readonly verifierProgram: Digest
}

/**
 * Runs a verifier package on a proof.
 * @throws GevulotError CLIENT_VERIFIER_FAILED, `RUNTIME_*`, `CONTENT_*`
 */
export async function runVerifier(
  { runtime, source }: { readonly runtime: Runtime; readonly source: ContentSource },
  params: RunVerifierParams,
): Promise<Verification> {
  const signal = params.signal && { signal: params.signal }
  const { cacheDirectory: packages, verifierProgram } = params
  if (typeof packages === 'string')
    return runFetched(runtime, source, await fetchPackage(verifierProgram, source, packages, { ...signal }), params)
  const holder = {}
  try {
    return await runFetched(
      runtime,
      source,
      await packages.fetch(verifierProgram, source, holder, { ...signal }),
      params,
    )
  } finally {
    packages.release(holder)
  }
}

async function runFetched(
  runtime: Runtime,
  source: ContentSource,
  verifier: LocalPackage,
  params: Omit<RunVerifierParams, 'verifierProgram' | 'cacheDirectory'>,
): Promise<Verification> {
  const signal = params.signal && { signal: params.signal }
  const { workDirectory = tmpdir() } = params
  await mkdir(workDirectory, { recursive: true, mode: 0o700 })
  const directory = await mkdtemp(join(workDirectory, 'gevulot-verify-'))
  try {
    const inputs = await fetchInputs(params.inputs, source, join(directory, 'in'), { ...signal })
    const proof = join(directory, 'proof')
    await writeFile(proof, params.proof)
    const { cores, memoryMiB, outputMiB } = verifier.manifest.resources
    const outcome = await runtime.run({
      package: verifier,
      inputs: [...inputs.files, { name: 'proof', path: proof }],
      args: inputs.args,
      role: 'verify',
      workload: params.workload,
      prover: toAddress(params.prover),
      limits: { cores, memoryMiB, outputMiB, seconds: params.seconds ?? 600, logBytes: 65_536 },
      outputDirectory: directory,
      ...signal,
    })
    if (outcome.kind === 'valid') return { valid: true }
    if (outcome.kind === 'invalid') return { valid: false, reason: outcome.reason }
    params.signal?.throwIfAborted()
    throw clientError('CLIENT_VERIFIER_FAILED', `the verifier program ended with ${outcome.kind}`, {
      details: { kind: outcome.kind, log: outcome.log },
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
