import { compileHonkVerifier, type HonkContract, writeHonkContract, writeHonkKey } from '../support/honkKeys.js'
import type { Srs } from '../support/srs.js'

/** Points of the SRS that bb reads for the 199,555 gates of the circuit: the next power of two. */
export const POINTS = 1 << 18

/** The verifying key of the circuit with an SRS, and the verifier that bb writes from it. */
export interface Keys {
  readonly key: Uint8Array
  readonly contract: HonkContract
}

/** Lets bb write the verifying key and the Solidity verifier (a second or two). @param circuit What `circuitFile` made */
export async function writeKeys(circuit: Uint8Array, srs: Srs): Promise<Keys> {
  const key = await writeHonkKey(circuit, srs)
  return { key, contract: await writeHonkContract('ed25519', key, srs) }
}

/** Creation code of the verifier contract. */
export function compileVerifier(name: string, contract: HonkContract): Uint8Array {
  return compileHonkVerifier('ed25519', name, contract)
}
