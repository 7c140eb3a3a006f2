// Of a transaction, and of its bytes: to call with, and at the least (EIP-7623).
const TRANSACTION_GAS = 21_000n
const [ZERO_BYTE, OTHER_BYTE] = [4n, 16n]
const FLOOR = 10n
// Of a word of content: copied and hashed, in the market and on the way to it.
const WORD_GAS = 40n
// What stands around the content, mostly zeros, and what the market does before it asks the verifier.
const AROUND_GAS = 170_000n
// Mirrors `ProgramStore.GAS_RESERVE`.
const RESERVE_GAS = 60_000n

/**
 * The gas that a transaction needs, at most, to show a proof to a verifier contract: the market asks for all that the verifier may use, whatever it uses, and a call
 * leaves a 64th behind, also the one that a relay contract makes for a submitter key.
 * @param verifierGas What the verifier may use.
 * @param content The public inputs and the proof, as far as they are there.
 */
export function gasToReveal(verifierGas: number, ...content: readonly Uint8Array[]): bigint {
  const bytes = content.reduce((sum, { length }) => sum + length, 0)
  const zeros = content.reduce((sum, part) => sum + zerosIn(part), 0)
  const [zero, other, words] = [BigInt(zeros), BigInt(bytes - zeros), BigInt(Math.ceil(bytes / 32))]
  const memory = 3n * words + (words * words) / 512n
  // It lies in the memory of the market, and of the contract before it.
  const run = AROUND_GAS + WORD_GAS * words + 2n * memory + behindCall(BigInt(verifierGas)) + RESERVE_GAS
  const needed = TRANSACTION_GAS + ZERO_BYTE * zero + OTHER_BYTE * other + behindCall(run)
  const least = TRANSACTION_GAS + FLOOR * (zero + 4n * other)
  return needed > least ? needed : least
}

function behindCall(gas: bigint): bigint {
  return (gas * 64n) / 63n + 1n
}

function zerosIn(bytes: Uint8Array): number {
  let count = 0
  for (const byte of bytes) if (byte === 0) count++
  return count
}
