import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { build } from 'esbuild'

import { buildPackage, type BuiltPackage, type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { bbProver, bbVerifier, contractVerifier } from '../support/bbPackages.js'
import { writeHonkKey } from '../support/honkKeys.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { resolveSrs, type SrsOptions } from '../support/srs.js'
import { circuitFile } from './circuit.js'
import { compileVerifier, POINTS, writeContract } from './contract.js'
import digests from './keys/digests.json' with { type: 'json' }
import json from './program.json' with { type: 'json' }

const facts: ProgramFacts = json
const LABELS = [DEVELOPMENT_LABEL]

/** How to build the packages. */
export interface BuildOptions extends Omit<SrsOptions, 'points'> {
  readonly store: ContentStore
}

/** What verifies: made from the pinned key alone, without the circuit and without a large SRS. */
export type BuiltVerifier = Pick<BuiltProgram, 'verifier' | 'contract'>

/**
 * Builds the prover and the verifier package into a store, and the verifier contract. The circuit comes from npm (55 MB, once), the SRS
 * from where `resolveSrs` finds it, and the development SRS is made here (half a minute, once).
 * @throws If npm or bb brought something else than what is pinned
 */
export async function buildPackages({ store, ...where }: BuildOptions): Promise<BuiltProgram> {
  const srs = await resolveSrs({ ...where, points: POINTS })
  const { variant } = srs
  const { name, class: hardware } = facts
  const circuit = await circuitFile()
  pinned('circuit', circuit)
  const isDevelopment = variant === 'development'
  const key = isDevelopment ? await developmentKey() : await writeHonkKey(circuit, srs)
  const parts = { facts, srs, key, labels: isDevelopment ? LABELS : [] }
  const prover = await buildPackage(await bbProver(parts, circuit), store)
  if (isDevelopment) return { name, class: hardware, variant, prover, ...(await buildVerifier(store)) }
  const contract = await verifierContract(key, variant)
  return {
    name,
    class: hardware,
    variant,
    prover,
    verifier: await buildPackage(await bbVerifier(parts), store),
    contract,
  }
}

/** The verifier package and the contract for the development SRS. */
export async function buildVerifier(store: ContentStore): Promise<BuiltVerifier> {
  const contract = await verifierContract(await developmentKey(), 'development')
  const verifier: BuiltPackage = await buildPackage(
    await contractVerifier(build, { facts, labels: LABELS }, contract.code),
    store,
  )
  return { verifier, contract }
}

async function verifierContract(key: Uint8Array, variant: 'ignition' | 'development') {
  const { contracts, gas } = facts.verifier
  const name = contracts[variant]
  if (name === undefined) throw new Error(`program.json names no contract for ${variant}`)
  const contract = await writeContract(key, variant)
  if (variant === 'development') pinned('contract', Buffer.from(contract.source))
  return { name, source: contract.path, code: compileVerifier(name, contract), gas }
}

function developmentKey(): Promise<Uint8Array> {
  return readFile(join(import.meta.dirname, 'keys', 'development.vk'))
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
