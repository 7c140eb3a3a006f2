import { join } from 'node:path'

import { build } from 'esbuild'

import { buildPackage, type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { bundle } from '../support/bundle.js'
import { nodeProgram } from '../support/node.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { compileCircuit } from './circuit.js'
import { encodeKey } from './key.js'
import { indexCircuit, pinnedKey } from './keys.js'
import { resolveParameters } from './parameters.js'
import facts from './program.json' with { type: 'json' }
import { PROVER } from './tool.js'

const { name, prove, verify, verifier, class: hardware, bindsProver }: ProgramFacts = facts

/** Builds the prover and the verifier package into a store (about fifteen seconds, most of them the C++ compiler's). */
export async function buildPackages({ store }: { readonly store: ContentStore }): Promise<BuiltProgram> {
  const circuit = await compileCircuit()
  const { bytes: parameters, development } = await resolveParameters(circuit)
  const key = await pinnedKey()
  if (Buffer.compare(encodeKey(await indexCircuit(circuit, parameters)), encodeKey(key)) !== 0) {
    throw new Error(
      'circuit and parameters do not belong to the pinned verifying key: run keys.ts, then deploy the new contract',
    )
  }
  const labels = development ? [DEVELOPMENT_LABEL] : []
  const prover = await buildPackage(
    {
      name: `${name}-prove`,
      role: 'prove',
      argv: ['/app/prover'],
      files: [
        { path: 'prover', source: await PROVER.compile(), executable: true },
        { path: 'circuit.r1cs', source: circuit },
        { path: 'parameters', source: parameters },
        { path: 'key', source: encodeKey(key) },
      ],
      resources: prove,
      labels,
    },
    store,
  )
  const script = await bundle(build, join(import.meta.dirname, 'verifier.ts'))
  const data = [{ path: 'verifying-key.json', source: Buffer.from(JSON.stringify(key)) }]
  return {
    name,
    class: hardware,
    variant: development ? 'development' : 'ceremony',
    prover,
    verifier: await buildPackage(
      { name: `${name}-verify`, role: 'verify', ...(await nodeProgram(script, data)), resources: verify, labels },
      store,
    ),
    ...(bindsProver === true && { bindsProver }),
    contract: {
      name: 'MarlinSudokuVerifier',
      source: 'contracts/verifiers/marlin-sudoku/MarlinSudokuVerifier.sol',
      gas: verifier.gas,
    },
  }
}

if (import.meta.filename === process.argv[1]) {
  const { prover, verifier } = await buildPackages({ store: new DirectoryStore(join(import.meta.dirname, 'dist')) })
  console.log(JSON.stringify({ prover: prover.digest, verifier: verifier.digest }, null, 2))
}
