import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What a thread is told. */
export interface ThreadOrder {
  /** Module with `keccakP`. */
  readonly keccak: string
  /** The seed, 32 bytes. */
  readonly seed: Uint8Array
  /** A hash below it is a find. */
  readonly target: bigint
  /** First number to try; below 2^48. */
  readonly from: number
  /** Numbers to try at most. */
  readonly tries: number
}

/** What a thread says: the next number it found, or that it tried all numbers of its order. */
export type ThreadReport = { readonly found: number } | { readonly tried: number }

/** Where the threads find the permutation: they are text and resolve nothing themselves. */
export function keccakModule(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('@noble/hashes/sha3.js')).href
}

/**
 * The program of a thread, as text: a bundler leaves it alone, so it runs from the sources and from every build.
 * The hot loop: one Keccak permutation a number, on one state that is filled anew. The message is seed and number (32 bytes
 * each, big endian), padded to the rate of 136 bytes: a one behind it, the highest bit of the last byte.
 */
export const HASHCASH_THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const { keccak, seed, target, from, tries } = workerData
const swap = (word) => ((word << 24) | ((word << 8) & 0xff0000) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
import(keccak).then(({ keccakP }) => {
  const state = new Uint32Array(50)
  const words = new Uint32Array(seed.slice().buffer)
  const most = Number(target >> 224n)
  for (let number = from; number < from + tries; number++) {
    state.fill(0)
    state.set(words)
    const high = Math.floor(number / 2 ** 32)
    state[14] = ((high >>> 8) << 16) | ((high & 0xff) << 24)
    state[15] = swap(number >>> 0)
    state[16] = 1
    state[33] = 0x80000000
    keccakP(state)
    const first = swap(state[0])
    if (first > most) continue
    let hash = 0n
    for (let i = 0; i < 8; i++) hash = (hash << 32n) | BigInt(swap(state[i]))
    if (hash < target) parentPort.postMessage({ found: number })
  }
  parentPort.postMessage({ tried: tries })
})
`
