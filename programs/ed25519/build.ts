import { createHash } from 'node:crypto'
import { join } from 'node:path'

import { build } from 'esbuild'

import { buildPackage, type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { bbProver, bbVerifier, contractVerifier } from '../support/bbPackages.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { resolveSrs, type SrsOptions } from '../support/srs.js'
import { circuitFile } from './circuit.js'
import digests from './keys/digests.json' with { type: 'json' }
import json from './program.json' with { type: 'json' }
import { compileVerifier, POINTS, writeKeys } from './contract.js'

const facts: ProgramFacts = json

/** How to build the packages. */
export interface BuildOptions extends Omit<SrsOptions, 'points'> {
  readonly store: ContentStore
}

/**
 * Builds the prover and the verifier package into a store, and the verifier contract. Which variant comes out depends on the SRS that
 * is found (see `resolveSrs`) and is named in the result; ask for one with `variant`.
 * @throws If the compiler or bb made something else than what is pinned
 */
export async function buildPackages({ store, ...where }: BuildOptions): Promise<BuiltProgram> {
  const srs = await resolveSrs({ ...where, points: POINTS })
  const { variant } = srs
  const { name, class: hardware, verifier } = facts
  const contract = verifier.contracts[variant]
  if (contract === undefined) throw new Error(`program.json names no contract for ${variant}`)
  const circuit = await circuitFile()
  pinned('circuit', circuit)
  const keys = await writeKeys(circuit, srs)
  if (variant === 'development') pinned('contract', Buffer.from(keys.contract.source))
  const code = compileVerifier(contract, keys.contract)
  const labels = variant === 'development' ? [DEVELOPMENT_LABEL] : []
  const parts = { facts, srs, key: keys.key, labels }
  return {
    name,
    class: hardware,
    variant,
    prover: await buildPackage(await bbProver(parts, circuit), store),
    verifier: await buildPackage(
      variant === 'ignition' ? await bbVerifier(parts) : await contractVerifier(build, parts, code),
      store,
    ),
    contract: { name: contract, source: keys.contract.path, code, gas: verifier.gas },
  }
}

function pinned(what: keyof typeof digests, content: Uint8Array): void {
  const digest = createHash('sha256').update(content).digest('hex')
  if (digest !== digests[what]) throw new Error(`${what} is not as pinned: have ${digest}, want ${digests[what]}`)
}

if (import.meta.filename === process.argv[1]) {
  const { variant, prover, verifier } = await buildPackages({
    store: new DirectoryStore(join(import.meta.dirname, 'dist')),
  })
  console.log(JSON.stringify({ variant, prover: prover.digest, verifier: verifier.digest }, null, 2))
}
