import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Bytes32 } from '../../chain/index.js'
import type { Clock } from '../../clock.js'

/** Some ten milliseconds of work. */
const PIECE_BYTES = 1 << 16

/**
 * The keccak-256 of something large, such as a file's stream. A requester chooses how large: hashed at once it would keep timers, leases and answers
 * waiting for seconds, so everything else gets its turn after each piece.
 */
export async function keccakInPieces(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  clock: Clock,
): Promise<Bytes32> {
  const hash = keccak_256.create()
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      hash.update(chunk.subarray(at, at + PIECE_BYTES))
      await clock.sleep(0)
    }
  }
  return `0x${bytesToHex(hash.digest())}` as Bytes32
}
