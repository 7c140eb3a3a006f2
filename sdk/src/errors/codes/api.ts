import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the API server. */
export const API_ERRORS = {
  API_UNAUTHORISED: {
    hint: 'Send the header Authorization: Bearer <key>; the operator of the server makes keys with `gevulot api add-key`.',
    retryable: false,
  },
  API_NOT_FOUND: {
    hint: 'Check the path and the id; /v1/openapi.json lists every path. Requests of other keys look as if there were none.',
    retryable: false,
  },
  API_REQUEST_INVALID: {
    hint: 'Correct what the message names; /v1/openapi.json has the schema.',
    retryable: false,
  },
  API_REQUEST_BROKEN: {
    hint: 'Send it again, whole; nothing of it was kept.',
    retryable: true,
  },
  API_TOO_LARGE: {
    hint: 'Publish large inputs in a content store of your own and name them by digest.',
    retryable: false,
  },
  API_RATE_LIMITED: {
    hint: 'Wait as many seconds as the header Retry-After says.',
    retryable: true,
  },
  API_BUSY: {
    hint: 'Others have what the server can do at once: wait as many seconds as the header Retry-After says.',
    retryable: true,
  },
  API_LIMIT_REACHED: {
    hint: 'The key has used up what it may in a day: wait, or ask the operator of the server for more.',
    retryable: true,
  },
  API_IDEMPOTENCY_CONFLICT: {
    hint: 'This Idempotency-Key was used for another request: use a new one for every new request.',
    retryable: false,
  },
  API_STOPPED: {
    hint: 'The server is being stopped or restarted: try again soon. What it had accepted is not lost.',
    retryable: true,
  },
  API_INTERNAL: {
    hint: 'This is a fault of the server: tell its operator the time and what was asked.',
    retryable: false,
  },
  API_CONFIG_INVALID: {
    hint: 'Correct the option that the message names; see docs/api.md.',
    retryable: false,
  },
  API_WEBHOOK_INVALID: {
    hint: 'Do not act on this message: check the secret, the clock, and that the body is read as it came.',
    retryable: false,
  },
  API_UNAVAILABLE: {
    hint: 'Check the address of the API server and that it runs.',
    retryable: true,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link API_ERRORS}. */
export const apiError = errorFactory(API_ERRORS)
