import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { RELEASE } from '../../../sdk/src/aztec/protocol/release.js'
import { buildPackage, type ContentStore, elfProgram, type SourceFile } from '../../../sdk/src/content/index.js'
import { DEVELOPMENT_LABEL } from '../../support/program.js'
import { resolveSrs } from '../../support/srs.js'
import type { BuiltJobs } from '../build.js'
import facts from '../program.json' with { type: 'json' }
import { releaseProgram } from '../release/bundled.js'
import { withDevelopmentPoint } from './developmentPoint.js'

/** Says whose circuits and whose prover these are. */
export const PROVEN_LABEL = `Aztec ${RELEASE.packageVersion}’s own circuits, proven by its own bb`

/** The types that it proves, with the points of the SRS that bb reads for one and the memory of its prover, which hold Node.js and bb. */
const PROVABLE = {
  CHECKPOINT_PADDING_ROLLUP: { points: 1 << 12, memoryMiB: 1024 },
  PARITY_BASE: { points: 1 << 22, memoryMiB: 6144 },
} as const satisfies Partial<Record<JobTypeName, object>>

/** A type of job that is proven for real. */
export type ProvableType = keyof typeof PROVABLE

/** How to build the packages. */
export interface ProvingOptions {
  readonly store: ContentStore
  /** Folder in whose node_modules Aztec's packages are. */
  readonly packages: string
  /** Its bb, in a form that runs on this machine. */
  readonly bb: string
  readonly types: readonly ProvableType[]
}

/**
 * Builds the program that proves Aztec's smallest circuits for real into a store, with the development SRS: the verifier is Aztec's, with the SRS's
 * point in the place of the ceremony's. PARITY_BASE needs 256 MiB of points, which are made once in half a minute.
 */
export async function buildProvingPackages({ store, packages, bb, types }: ProvingOptions): Promise<BuiltJobs> {
  const most = (what: 'points' | 'memoryMiB'): number => Math.max(...types.map((type) => PROVABLE[type][what]))
  const keys = types.map((type) => ({ path: `keys/${type}.vk`, source: join(import.meta.dirname, `keys/${type}.vk`) }))
  // Beside Node.js and its libraries: it needs newer ones.
  const native = (await elfProgram(bb)).files.map((file) => ({ ...file, path: `bb/${file.path}` }))
  const judging = withDevelopmentPoint(await readFile(bb))
  const withPoint = native.map((file) => (file.source === bb ? { ...file, source: judging } : file))
  const pack = async (role: 'prove' | 'verify', script: string, tool: readonly SourceFile[], points: number) => {
    const srs = await resolveSrs({ variant: 'development', directory: null, download: null, points })
    const files = [...keys, ...tool, { path: 'srs/bn254_g1.dat', source: srs.points }]
    const program = await releaseProgram(join(import.meta.dirname, script), packages, files)
    const resources = { ...facts[role], memoryMiB: role === 'prove' ? most('memoryMiB') : VERIFIER_MIB }
    const env = { ...program.env, HARDWARE_CONCURRENCY: String(resources.cores) }
    const spec = { name: `${facts.name}-proving-${role}`, role, resources, labels: [DEVELOPMENT_LABEL, PROVEN_LABEL] }
    return buildPackage({ ...spec, ...program, env }, store)
  }
  return {
    prover: await pack('prove', 'prover.ts', native, most('points')),
    verifier: await pack('verify', 'verifier.ts', withPoint, FEW),
  }
}

const VERIFIER_MIB = 1024
/** bb reads one. */
const FEW = 1025
