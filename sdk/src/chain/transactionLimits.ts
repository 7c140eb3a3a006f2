/** What no node takes more of in one transaction. */
export const TRANSACTION_LIMITS = {
  /** Bytes, signed and encoded: the limit of go-ethereum's pool, which others share; what is larger no node passes on. */
  bytes: 128 * 1024,
  /** Gas (EIP-7825). Chains without that rule may take more. */
  gas: 2n ** 24n,
} as const

/** What a transaction has beside public inputs and proof: spec, pin and salt, the relay contract's call around them, fees and signature. */
export const BESIDE_BYTES = 2 * 1024

/** Most bytes of public inputs and proof together that one transaction takes to a verifier contract. */
export const MOST_SHOWN_BYTES = TRANSACTION_LIMITS.bytes - BESIDE_BYTES
