/** A Groth16 verifying key on BLS12-381: points as hexadecimal bytes, coordinates of 48 bytes, in G2 the real part first. */
export interface VerifyingKey {
  readonly alpha: string
  readonly beta: string
  readonly gamma: string
  readonly delta: string
  /** The point of the constant one, then one for each public signal: the context, then for each sector comm_r and its challenges. */
  readonly inputs: readonly string[]
}

/** Bytes of a coordinate. */
export const COORDINATE = 48
/** Bytes of a point of G1. */
export const G1_SIZE = 2 * COORDINATE
/** Bytes of a point of G2. */
export const G2_SIZE = 4 * COORDINATE

/** Cuts what the prover's `setup` prints. */
export function decodeKey(printed: string): VerifyingKey {
  let at = 0
  const take = (bytes: number): string => printed.slice(at, (at += 2 * bytes))
  const [alpha, beta, gamma, delta] = [take(G1_SIZE), take(G2_SIZE), take(G2_SIZE), take(G2_SIZE)]
  const inputs: string[] = []
  while (at < printed.length) inputs.push(take(G1_SIZE))
  return { alpha, beta, gamma, delta, inputs }
}
