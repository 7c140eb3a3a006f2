import { join } from 'node:path'

import { build } from 'esbuild'

import { buildPackage, type ContentStore, DirectoryStore, type SourceFile } from '../../sdk/src/content/index.js'
import { bundle } from '../support/bundle.js'
import { nodeProgram } from '../support/node.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { compileCircuit } from './circuit.js'
import { pinnedKey, verifyingKeyOf } from './keys.js'
import facts from './program.json' with { type: 'json' }
import { resolveProvingKey } from './provingKey.js'

const { name, prove, verify, verifier, class: hardware }: ProgramFacts = facts

/** Builds the prover and the verifier package into a store (about two seconds). */
export async function buildPackages({ store }: { readonly store: ContentStore }): Promise<BuiltProgram> {
  const { r1cs, witnessGenerator } = await compileCircuit()
  const { bytes: provingKey, development } = await resolveProvingKey(r1cs)
  const verifyingKey = JSON.stringify(await pinnedKey())
  if (JSON.stringify(await verifyingKeyOf(provingKey)) !== verifyingKey) {
    throw new Error(
      'the proving key does not belong to the pinned verifying key: run keys.ts, then deploy the new contract',
    )
  }
  const labels = development ? [DEVELOPMENT_LABEL] : []
  const pack = async (role: 'prove' | 'verify', script: string, data: readonly SourceFile[]) => {
    const program = await nodeProgram(await bundle(build, join(import.meta.dirname, script)), data)
    const resources = role === 'prove' ? prove : verify
    return buildPackage({ name: `${name}-${role}`, role, ...program, resources, labels }, store)
  }
  return {
    name,
    class: hardware,
    variant: development ? 'development' : 'ceremony',
    prover: await pack('prove', 'prover.ts', [
      { path: 'witness.wasm', source: witnessGenerator },
      { path: 'proving.zkey', source: provingKey },
    ]),
    verifier: await pack('verify', 'verifier.ts', [{ path: 'verifying-key.json', source: Buffer.from(verifyingKey) }]),
    contract: {
      name: 'SudokuVerifier',
      source: 'contracts/verifiers/groth16-sudoku/SudokuVerifier.sol',
      gas: verifier.gas,
    },
  }
}

if (import.meta.filename === process.argv[1]) {
  const { prover, verifier } = await buildPackages({ store: new DirectoryStore(join(import.meta.dirname, 'dist')) })
  console.log(JSON.stringify({ prover: prover.digest, verifier: verifier.digest }, null, 2))
}
