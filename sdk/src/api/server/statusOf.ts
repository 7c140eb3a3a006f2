import { GevulotError } from '../../errors/GevulotError.js'

/** The status of an HTTP answer. */
export type ProblemStatus = 400 | 401 | 404 | 409 | 413 | 422 | 429 | 500 | 503

const BY_CODE: Readonly<Record<string, ProblemStatus>> = {
  API_UNAUTHORISED: 401,
  API_NOT_FOUND: 404,
  API_REQUEST_INVALID: 400,
  API_TOO_LARGE: 413,
  API_RATE_LIMITED: 429,
  API_LIMIT_REACHED: 429,
  API_IDEMPOTENCY_CONFLICT: 409,
  API_BUSY: 503,
  API_STOPPED: 503,
  API_INTERNAL: 500,
  CHAIN_HEX_INVALID: 400,
  CLIENT_PARAMETER_INVALID: 400,
  CLIENT_PUBLIC_INPUTS_TOO_LARGE: 422,
  CLIENT_WORKLOAD_UNKNOWN: 404,
  CLIENT_NO_PROOF: 404,
  CLIENT_NOTHING_TO_DO: 409,
  CONTENT_DIGEST_INVALID: 400,
  CONTENT_MANIFEST_INVALID: 400,
  CONTRACT_UNKNOWN_PROGRAM: 404,
}

/** The status for an error: what the caller can mend has four hundred and something, what it cannot has five hundred. */
export function statusOf(error: unknown): ProblemStatus {
  if (!(error instanceof GevulotError)) return 500
  const known = BY_CODE[error.code]
  if (known !== undefined) return known
  if (error.code.startsWith('CONTRACT_')) return 422
  return error.retryable ? 503 : 500
}
