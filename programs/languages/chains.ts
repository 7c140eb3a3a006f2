import { createHash } from 'node:crypto'

const LANES = 4
const WORD = 32

/**
 * The job that a program in every language here does: four chains of SHA-256, begun with the seed and the number of the lane. What it
 * costs is easy to choose, what it must give is known, and it divides among four threads. It proves nothing.
 * @param seed 32 bytes
 * @param steps hashes of each lane, 1 to 2³² - 1
 * @returns the input files of a workload
 */
export function makeInputs(seed: Uint8Array, steps: number): { readonly public_inputs: Uint8Array } {
  const words = Buffer.alloc(2 * WORD)
  words.set(seed)
  words.writeUInt32BE(steps, 2 * WORD - 4)
  return { public_inputs: words }
}

/** The ends of the four chains: what the file `proof` must hold. */
export function expectedProof(publicInputs: Uint8Array): Uint8Array {
  const steps = Buffer.from(publicInputs).readUInt32BE(2 * WORD - 4)
  const lanes = Array.from({ length: LANES }, (_, lane) => {
    let end = sha256(Buffer.concat([publicInputs.subarray(0, WORD), Uint8Array.of(lane)]))
    for (let step = 1; step < steps; step++) end = sha256(end)
    return end
  })
  return Buffer.concat(lanes)
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
