import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { formatted, type Generated, writeOrCheck } from '../support/pinned.js'
import { compileCircuit } from './circuit.js'
import { verifierContract } from './contract.js'
import { decodeKey, type VerifyingKey } from './key.js'
import { resolveParameters } from './parameters.js'
import { PROVER } from './tool.js'

const KEY = 'programs/marlin-sudoku/keys/verifying-key.json'

/** The verifying key of a circuit under a reference string: the indexer's work (section 5.3, offline phase). */
export async function indexCircuit(r1cs: Uint8Array, parameters: Uint8Array): Promise<VerifyingKey> {
  const { printed } = await PROVER.run(['index', 'circuit.r1cs', 'parameters'], { 'circuit.r1cs': r1cs, parameters })
  return decodeKey(Buffer.from(printed.trim(), 'hex'))
}

/** The pinned files: the verifying key and the contract with that key compiled in. */
export async function generate(): Promise<Generated> {
  const r1cs = await compileCircuit()
  const { bytes, development } = await resolveParameters(r1cs)
  const key = await indexCircuit(r1cs, bytes)
  return new Map([
    [KEY, await formatted(JSON.stringify(key), KEY)],
    ['contracts/verifiers/marlin-sudoku/MarlinSudokuVerifier.sol', verifierContract(key, development)],
  ])
}

/** The pinned verifying key. */
export async function pinnedKey(): Promise<VerifyingKey> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'keys', 'verifying-key.json'), 'utf8')) as VerifyingKey
}

if (import.meta.filename === process.argv[1]) {
  await writeOrCheck(await generate())
}
