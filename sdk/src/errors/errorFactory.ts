import { GevulotError, type ErrorContext, type ErrorTable } from './GevulotError.js'

/** Makes errors of one table; only codes of that table type-check. */
export type ErrorFactory<T extends ErrorTable> = (
  code: keyof T & string,
  message: string,
  context?: ErrorContext,
) => GevulotError

/** Binds a table of codes to {@link GevulotError}: `const contentError = errorFactory(CONTENT_ERRORS)`. */
export function errorFactory<T extends ErrorTable>(table: T): ErrorFactory<T> {
  return (code, message, context) => {
    const descriptor = table[code]
    if (descriptor === undefined) throw new TypeError(`unknown error code ${code}`)
    return new GevulotError(code, descriptor, message, context)
  }
}
