import { compileHonkVerifier, type HonkContract, writeHonkContract } from '../support/honkKeys.js'
import { resolveSrs, type SrsVariant } from '../support/srs.js'

/** Points of the SRS that bb reads for the 2,277,315 gates of the circuit: the next power of two. 256 MiB. */
export const POINTS = 1 << 22

/** Lets bb write the Solidity verifier of a key: a second, and neither the circuit nor its SRS is needed. */
export async function writeContract(key: Uint8Array, variant: SrsVariant): Promise<HonkContract> {
  const few = await resolveSrs({ variant: 'development', directory: null, download: null })
  return writeHonkContract('aztec-parity-base', key, { ...few, variant })
}

/** Creation code of the verifier contract. */
export function compileVerifier(name: string, contract: HonkContract): Uint8Array {
  return compileHonkVerifier('aztec-parity-base', name, contract)
}
