import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of runtimes before a program runs; how a run ended is a `RunOutcome`, not an error (design section 8). */
export const RUNTIME_ERRORS = {
  RUNTIME_UNKNOWN: {
    hint: 'Choose one of the runtimes named in the message.',
    retryable: false,
  },
  RUNTIME_UNAVAILABLE: {
    hint: 'Run `gevulot doctor`; another runtime is never chosen in its place.',
    retryable: false,
  },
  RUNTIME_JOB_INVALID: {
    hint: 'The job contradicts the package or the program contract; see docs/program-contract.md.',
    retryable: false,
  },
  RUNTIME_IMAGE_INVALID: {
    hint: 'The guest wrote a damaged or hostile output disk; treat the run as failed.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link RUNTIME_ERRORS}. */
export const runtimeError = errorFactory(RUNTIME_ERRORS)
