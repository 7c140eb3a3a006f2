import { permute, poseidon2Hash } from '@zkpassport/poseidon2'

// Stands for Aztec's native library where its packages ask that for hashes: what the circuits compute themselves is compared with it.

interface Inputs {
  readonly inputs: readonly Uint8Array[]
}

const api = {
  poseidon2Hash: ({ inputs }: Inputs) => ({ hash: bytesOf(poseidon2Hash(inputs.map(numberOf))) }),
  poseidon2Permutation: ({ inputs }: Inputs) => ({ outputs: permute(inputs.map(numberOf)).map(bytesOf) }),
}

/** What Aztec's packages call of it in this program; anything else is missing, and says so. */
export const Barretenberg = {
  initSingleton: (): Promise<void> => Promise.resolve(),
  getSingleton: () => api,
}
export const BarretenbergSync = Barretenberg

function numberOf(field: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(field).toString('hex')}`)
}

function bytesOf(field: bigint): Uint8Array {
  return Buffer.from(field.toString(16).padStart(64, '0'), 'hex')
}

// Named by modules of which this program uses other parts.
export const randomBytes = undefined
export const BN254_G1_GENERATOR = undefined
export const BN254_G2_GENERATOR = undefined
