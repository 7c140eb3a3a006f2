import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { build } from 'esbuild'

import { factsOf, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import { type BuiltPackage, buildPackage, type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { bundle } from '../support/bundle.js'
import { nodeProgram } from '../support/node.js'
import { CIRCUITS } from './circuits/index.js'
import facts from './program.json' with { type: 'json' }

/** What everybody sees who looks at the packages. */
export const SIMULATED_LABEL = 'simulated: results prove nothing'

/** The packages of the program; a committee or its requester judges, there is no verifier contract. */
export interface BuiltJobs {
  readonly prover: BuiltPackage
  readonly verifier: BuiltPackage
}

/** The types of job that the program serves. */
export const SERVED = Object.keys(CIRCUITS) as readonly JobTypeName[]

/** The verification key of a type, as results carry it. */
export function keyOf(type: JobTypeName): Promise<Uint8Array> {
  return readFile(join(import.meta.dirname, `keys/${type}.vk`))
}

/** Builds the prover and the verifier package into a store (about a second). */
export async function buildPackages({ store }: { readonly store: ContentStore }): Promise<BuiltJobs> {
  const keyed = SERVED.filter((type) => factsOf(type).key !== undefined)
  const keys = await Promise.all(keyed.map(async (type) => ({ path: `${type}.vk`, source: await keyOf(type) })))
  const pack = async (role: 'prove' | 'verify', script: string): Promise<BuiltPackage> => {
    const program = await nodeProgram(await bundle(build, join(import.meta.dirname, script)), keys)
    const spec = { name: `${facts.name}-${role}`, role, resources: facts[role], labels: [SIMULATED_LABEL] }
    return buildPackage({ ...spec, ...program }, store)
  }
  return { prover: await pack('prove', 'prover.ts'), verifier: await pack('verify', 'verifier.ts') }
}

if (import.meta.filename === process.argv[1]) {
  const { prover, verifier } = await buildPackages({ store: new DirectoryStore(join(import.meta.dirname, 'dist')) })
  console.log(JSON.stringify({ prover: prover.digest, verifier: verifier.digest }, null, 2))
}
