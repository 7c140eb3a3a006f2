import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of delivery keys and sealed proofs. */
export const CRYPTO_ERRORS = {
  CRYPTO_KEY_INVALID: {
    hint: 'A delivery key is 32 bytes: make one with generateDeliveryKey or deriveDeliveryKey, and submit its public half.',
    retryable: false,
  },
  CRYPTO_SEAL_INVALID: {
    hint: 'The box was sealed to another key, or is damaged: use the delivery key this workload was submitted with.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link CRYPTO_ERRORS}. */
export const cryptoError = errorFactory(CRYPTO_ERRORS)
