import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { withBb } from './bb.js'
import { honkContract } from './honk.js'
import { creationCode } from './solc.js'
import type { Srs } from './srs.js'

/** A verifier that bb wrote, in the form of this repository. */
export type HonkContract = ReturnType<typeof honkContract>

/** Lets bb write the verifying key of a circuit, with an SRS that is large enough for it. */
export async function writeHonkKey(circuit: Uint8Array, srs: Srs): Promise<Uint8Array> {
  return withBb(srs, { 'circuit.json': circuit }, async (bb, directory) => {
    await bb('write_vk', '-b', 'circuit.json', '-o', '.', '-t', 'evm')
    return readFile(join(directory, 'vk'))
  })
}

/** Lets bb write the Solidity verifier of a key. Of the SRS the beginning is enough. */
export async function writeHonkContract(program: string, key: Uint8Array, srs: Srs): Promise<HonkContract> {
  return withBb(srs, { vk: key }, async (bb, directory) => {
    await bb('write_solidity_verifier', '-k', 'vk', '-o', 'verifier.sol', '-t', 'evm', '--optimized')
    return honkContract(await readFile(join(directory, 'verifier.sol'), 'utf8'), program, srs.variant)
  })
}

/**
 * Creation code of the verifier contract: bb's verifier made an `IProofVerifier`. The 5,000 lines of one differ from those of another in
 * key and size alone, so those of aztec-spend are in the tree, and the others are written when they are needed.
 */
export function compileHonkVerifier(
  program: string,
  name: string,
  { name: honk, path, source }: HonkContract,
): Uint8Array {
  const file = `contracts/verifiers/${program}/${name}.sol`
  const text = [
    '// SPDX-License-Identifier: Apache-2.0',
    'pragma solidity 0.8.37;',
    'import {HonkProofVerifier} from "../HonkProofVerifier.sol";',
    `import {${honk}} from "./${honk}.sol";`,
    `contract ${name} is ${honk}, HonkProofVerifier {}`,
  ]
  return creationCode(file, name, { [file]: text.join('\n'), [path]: source })
}
