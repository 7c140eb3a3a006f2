import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { withBb } from '../support/bb.js'
import { honkContract } from '../support/honk.js'
import { creationCode } from '../support/solc.js'
import type { Srs } from '../support/srs.js'

/** Points of the SRS that bb reads for the 199,555 gates of the circuit: the next power of two. */
export const POINTS = 1 << 18

/** The verifying key of the circuit with an SRS, and the verifier that bb writes from it. */
export interface Keys {
  readonly key: Uint8Array
  readonly contract: ReturnType<typeof honkContract>
}

/** Lets bb write the verifying key and the Solidity verifier (a second or two). @param circuit What `circuitFile` made */
export async function writeKeys(circuit: Uint8Array, srs: Srs): Promise<Keys> {
  return withBb(srs, { 'circuit.json': circuit }, async (bb, directory) => {
    await bb('write_vk', '-b', 'circuit.json', '-o', '.', '-t', 'evm')
    await bb('write_solidity_verifier', '-k', 'vk', '-o', 'verifier.sol', '-t', 'evm', '--optimized')
    const solidity = await readFile(join(directory, 'verifier.sol'), 'utf8')
    return { key: await readFile(join(directory, 'vk')), contract: honkContract(solidity, 'ed25519', srs.variant) }
  })
}

/**
 * Creation code of the verifier contract: bb's verifier made an `IProofVerifier`. Its 5,000 lines differ from those of aztec-spend in
 * key and size alone, so they are written when they are needed instead of being kept twice.
 */
export function compileVerifier(name: string, { name: honk, path, source }: Keys['contract']): Uint8Array {
  const file = `contracts/verifiers/ed25519/${name}.sol`
  const text = [
    '// SPDX-License-Identifier: Apache-2.0',
    'pragma solidity 0.8.37;',
    'import {HonkProofVerifier} from "../HonkProofVerifier.sol";',
    `import {${honk}} from "./${honk}.sol";`,
    `contract ${name} is ${honk}, HonkProofVerifier {}`,
  ]
  return creationCode(file, name, { [file]: text.join('\n'), [path]: source })
}
