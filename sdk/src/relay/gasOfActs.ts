/** Gas of a relayed act beside its call and its bytes: signature, nonce, the transaction itself. */
const OVERHEAD = 150_000n
/** The floor price of calldata (EIP-7623). */
const BYTE_GAS = 40n
// The margin of an estimate.
const [MARGIN, WHOLE] = [130n, 100n]

/** What a relay pays for at most, as `GET /v1/relay` tells it. */
export interface ActLimits {
  /** Gas that an act may ask for. */
  readonly maxGas: bigint
  /** Gas of one account within any 24 hours. */
  readonly gasPerDay: bigint
}

/** Limits of a relay that was given none. */
export const DEFAULT_LIMITS = { maxGas: 6_000_000n, gasPerDay: 200_000_000n } as const satisfies ActLimits

/** The most gas that a relay's transaction can be given for a call: what EIP-150 holds back, and the margin of its estimate, included. */
export function costOf(gas: bigint, bytes: number): bigint {
  return ((((gas + around(bytes)) * 64n) / 63n) * MARGIN) / WHOLE
}

/**
 * The most gas that an act of so many bytes can ask a relay for: with more it would be above a limit of the relay's, or the relay's transaction above that of all.
 * Not above 0 when there is no such act.
 * @param most What a transaction may have.
 */
export function mostGasOf({ maxGas, gasPerDay }: ActLimits, bytes: number, most: bigint): bigint {
  return [maxGas, left((gasPerDay * WHOLE) / MARGIN, bytes), left(most, bytes)].reduce((a, b) => (a < b ? a : b))
}

/** What a call can have of a transaction's gas. */
function left(gas: bigint, bytes: number): bigint {
  return (gas * 63n) / 64n - around(bytes)
}

function around(bytes: number): bigint {
  return OVERHEAD + BigInt(bytes) * BYTE_GAS
}
