import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { zKey } from 'snarkjs'

import { formatted, type Generated, writeOrCheck } from '../support/pinned.js'
import { compileCircuit } from './circuit.js'
import { verifierContract } from './contract.js'
import { useOneThread } from './curve.js'
import { resolveProvingKey } from './provingKey.js'
import type { VerifyingKey } from './verify.js'

const KEY = 'programs/groth16-sudoku/keys/verifying-key.json'

/** The verifying key of a proving key. */
export async function verifyingKeyOf(provingKey: Uint8Array): Promise<VerifyingKey> {
  await useOneThread()
  const key = await zKey.exportVerificationKey(provingKey)
  const g2 = ([x, y]: typeof key.vk_beta_2): VerifyingKey['beta'] => [x, y]
  return {
    alpha: [key.vk_alpha_1[0], key.vk_alpha_1[1]],
    beta: g2(key.vk_beta_2),
    gamma: g2(key.vk_gamma_2),
    delta: g2(key.vk_delta_2),
    inputs: key.IC.map(([x, y]) => [x, y]),
  }
}

/** The pinned files: the verifying key and the contract with that key compiled in. */
export async function generate(): Promise<Generated> {
  const { bytes, development } = await resolveProvingKey((await compileCircuit()).r1cs)
  const key = await verifyingKeyOf(bytes)
  return new Map([
    [KEY, await formatted(JSON.stringify(key), KEY)],
    ['contracts/verifiers/groth16-sudoku/SudokuVerifier.sol', verifierContract(key, development)],
  ])
}

/** The pinned verifying key. */
export async function pinnedKey(): Promise<VerifyingKey> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'keys', 'verifying-key.json'), 'utf8')) as VerifyingKey
}

if (import.meta.filename === process.argv[1]) {
  await writeOrCheck(await generate())
}
