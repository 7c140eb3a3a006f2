import { GevulotError } from '../../errors/GevulotError.js'

/** Whether an error is a server's answer that it would give again. */
export function isRefusal(error: unknown): boolean {
  const status = error instanceof GevulotError ? error.details?.['status'] : undefined
  if (typeof status !== 'number') return false
  return status === 501 || (status >= 400 && status < 500 && status !== 408 && status !== 429)
}
