import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of a relay server, which pays for the gas of signed acts. */
export const RELAYER_ERRORS = {
  RELAYER_CONFIG_INVALID: {
    hint: 'Correct the option that the message names; see `gevulot relay serve --help`.',
    retryable: false,
  },
  RELAYER_REQUEST_INVALID: {
    hint: 'Correct what the message names; docs/relay.md has the body of a request.',
    retryable: false,
  },
  RELAYER_TOO_LARGE: {
    hint: 'A relay carries calls of up to 72 KiB. Send larger ones from an account with gas money.',
    retryable: false,
  },
  RELAYER_NOT_FOUND: {
    hint: 'Actions are sent to POST /v1/actions; GET /v1/relay tells what this relay takes.',
    retryable: false,
  },
  RELAYER_ACCOUNT_UNKNOWN: {
    hint: 'Ask the operator of the relay to serve the account (`gevulot relay serve --account`).',
    retryable: false,
  },
  RELAYER_ACT_REFUSED: {
    hint: 'A relay carries out acts of seats and keepers only. Send everything else from an account with gas money.',
    retryable: false,
  },
  RELAYER_DEADLINE_REFUSED: {
    hint: 'Sign the act with a deadline that is still to come and at most an hour ahead.',
    retryable: false,
  },
  RELAYER_SIGNATURE_INVALID: {
    hint: 'Sign with the key of the account named in the action, for this chain and this relay contract.',
    retryable: false,
  },
  RELAYER_LIMIT_REACHED: {
    hint: 'The account has used up what this relay pays for: wait, use another relay, or ask its operator for more.',
    retryable: true,
  },
  RELAYER_RATE_LIMITED: {
    hint: 'Wait as many seconds as the header Retry-After says.',
    retryable: true,
  },
  RELAYER_STOPPED: {
    hint: 'The relay is being stopped or restarted: try again soon, or use another one.',
    retryable: true,
  },
  RELAYER_INTERNAL: {
    hint: 'This is a fault of the relay: tell its operator the time and what was asked.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link RELAYER_ERRORS}. */
export const relayerError = errorFactory(RELAYER_ERRORS)
