import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { build } from 'esbuild'

import { buildPackage, type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { bbProver, bbVerifier, contractVerifier } from '../support/bbPackages.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { creationCode } from '../support/solc.js'
import { resolveSrs, type SrsOptions } from '../support/srs.js'
import json from './program.json' with { type: 'json' }

const facts: ProgramFacts = json

/** How to build the packages. */
export interface BuildOptions extends SrsOptions {
  readonly store: ContentStore
}

/**
 * Builds the prover and the verifier package into a store. Which variant comes out depends on the SRS that is found (see
 * {@link resolveSrs}) and is named in the result; ask for one with `variant`.
 */
export async function buildPackages({ store, ...where }: BuildOptions): Promise<BuiltProgram> {
  const srs = await resolveSrs(where)
  const { variant } = srs
  const { name, class: hardware, verifier } = facts
  const contract = verifier.contracts[variant]
  if (contract === undefined) throw new Error(`program.json names no contract for ${variant}`)
  const source = `contracts/verifiers/aztec-spend/${contract}.sol`
  const keys = join(import.meta.dirname, 'keys')
  const parts = {
    facts,
    srs,
    key: await readFile(join(keys, `${variant}.vk`)),
    labels: variant === 'development' ? [DEVELOPMENT_LABEL] : [],
  }
  return {
    name,
    class: hardware,
    variant,
    prover: await buildPackage(await bbProver(parts, join(keys, 'spend.json')), store),
    verifier: await buildPackage(
      variant === 'ignition'
        ? await bbVerifier(parts)
        : await contractVerifier(build, parts, creationCode(source, contract)),
      store,
    ),
    contract: { name: contract, source, gas: verifier.gas },
  }
}

if (import.meta.filename === process.argv[1]) {
  const { variant, prover, verifier } = await buildPackages({
    store: new DirectoryStore(join(import.meta.dirname, 'dist')),
  })
  console.log(JSON.stringify({ variant, prover: prover.digest, verifier: verifier.digest }, null, 2))
}
