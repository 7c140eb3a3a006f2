import { buildBn128 } from 'ffjavascript'

/**
 * Gives snarkjs its curve. Left to itself, snarkjs starts worker threads: they hang or end silently outside an ordinary Node.js
 * installation, and keep a finished process alive. One thread is hardly slower at this size.
 */
export async function useOneThread(): Promise<void> {
  // snarkjs looks for its curve in this global first.
  globalThis.curve_bn128 ??= await buildBn128(true)
}
