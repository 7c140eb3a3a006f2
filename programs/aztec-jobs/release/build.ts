import { join } from 'node:path'

import { RELEASE } from '../../../sdk/src/aztec/protocol/release.js'
import { buildPackage, type ContentStore } from '../../../sdk/src/content/index.js'
import { type BuiltJobs, SIMULATED_LABEL } from '../build.js'
import facts from '../program.json' with { type: 'json' }
import { releaseProgram } from './bundled.js'

/** Says whose circuits these are. */
export const RELEASE_LABEL = `Aztec ${RELEASE.packageVersion}’s own circuits, executed and not proven`

const MEMORY_MIB = 2048

/**
 * Builds the program that executes Aztec's own circuits into a store (about ten seconds).
 * @param packages Folder in whose node_modules Aztec's packages are.
 */
export async function buildReleasePackages(options: {
  readonly store: ContentStore
  readonly packages: string
}): Promise<BuiltJobs> {
  const pack = async (role: 'prove' | 'verify', script: string): Promise<BuiltJobs['prover']> => {
    const program = await releaseProgram(join(import.meta.dirname, script), options.packages)
    const resources = { ...facts[role], memoryMiB: MEMORY_MIB }
    const labels = [SIMULATED_LABEL, RELEASE_LABEL]
    return buildPackage({ name: `${facts.name}-release-${role}`, role, resources, labels, ...program }, options.store)
  }
  return { prover: await pack('prove', 'prover.ts'), verifier: await pack('verify', 'verifier.ts') }
}
