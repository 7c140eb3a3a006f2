/** What is known about an error before it happens: the same for every error of one code. */
export interface ErrorDescriptor {
  /** What the reader can do about it, one sentence. */
  readonly hint: string
  /** Whether the same call may succeed later without any change by the caller. */
  readonly retryable: boolean
}

/** A table of error codes of one part of the SDK; the key is the code. */
export type ErrorTable = Readonly<Record<string, ErrorDescriptor>>

/** What is known about one particular error. */
export interface ErrorContext {
  /** Facts for machines and logs (have and want, ids, sizes). Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>
  /** The error that led to this one. */
  readonly cause?: unknown
}

/**
 * The one error class of the SDK. `code` is stable; `message` says what happened, `hint` what to do about it, and `docs` where its
 * code stands in the pages that come with the package.
 */
export class GevulotError extends Error {
  override readonly name = 'GevulotError'
  readonly code: string
  readonly hint: string
  readonly retryable: boolean
  /** Page and anchor in the package: `ERRORS.md#chain_wrong`. */
  readonly docs: string
  readonly details?: Readonly<Record<string, unknown>>

  constructor(code: string, descriptor: ErrorDescriptor, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.code = code
    this.hint = descriptor.hint
    this.retryable = descriptor.retryable
    this.docs = `ERRORS.md#${code.toLowerCase()}`
    if (context.details !== undefined) this.details = context.details
  }

  /** Whether `error` is a {@link GevulotError} with this code. */
  static is(error: unknown, code: string): error is GevulotError {
    return error instanceof GevulotError && error.code === code
  }
}
