import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the validator (design sections 6 and 9); what it shares with the worker is in `WORKER_ERRORS`. */
export const VALIDATOR_ERRORS = {
  VALIDATOR_VERDICT_CONFLICT: {
    hint: 'Another verdict on these proofs is on record; signing this one too would have the seat slashed.',
    retryable: false,
  },
  VALIDATOR_JOURNAL_INVALID: {
    hint: 'The verdict journal holds something this version cannot read; without it nothing is signed. Restore it from a backup.',
    retryable: false,
  },
  VALIDATOR_LISTEN_FAILED: {
    hint: 'Choose an address of this machine and a free port in `listen`, or leave it empty: then others post without this one.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link VALIDATOR_ERRORS}. */
export const validatorError = errorFactory(VALIDATOR_ERRORS)
