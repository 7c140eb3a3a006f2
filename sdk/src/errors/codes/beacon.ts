import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the randomness beacon (design section 6). */
export const BEACON_ERRORS = {
  BEACON_ROUND_INVALID: {
    hint: 'Rounds are whole numbers from 1; roundAt gives the one that is due at a time.',
    retryable: false,
  },
  BEACON_SIGNATURE_INVALID: {
    hint: 'The answer is damaged or forged; ask another endpoint.',
    retryable: false,
  },
  BEACON_UNAVAILABLE: {
    hint: 'Rounds come out every three seconds: try again, or give other drand endpoints.',
    retryable: true,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link BEACON_ERRORS}. */
export const beaconError = errorFactory(BEACON_ERRORS)
