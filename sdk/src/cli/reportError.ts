import { GevulotError } from '../errors/GevulotError.js'
import { EXIT_CODES } from './exitCodes.js'
import { printable, toJson, type Output } from './Output.js'

/** Tells an error in the form that was asked for, on standard error, and answers the exit code. */
export function reportError(
  error: unknown,
  output: Output,
  complain: (text: string) => void,
  stopped: boolean,
): number {
  if (stopped && !(error instanceof GevulotError)) return EXIT_CODES.interrupted.code
  const known = error instanceof GevulotError
  const { code, message, hint, retryable, details } = known
    ? error
    : {
        code: 'CLI_BUG',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        hint: 'This should not happen: please report it with the command and this text.',
        retryable: false,
        details: undefined,
      }
  if (output.json) complain(`${toJson({ error: { code, message, hint, retryable, ...(details && { details }) } })}\n`)
  else {
    const body = message.split('\n').map(printable).join('\n')
    complain(`${output.paint('bad', 'error')}  ${body}\n${output.paint('faint', code)}  ${hint}\n`)
  }
  if (!known) return EXIT_CODES.bug.code
  if (code === 'CLI_USAGE') return EXIT_CODES.usage.code
  return retryable ? EXIT_CODES.temporary.code : EXIT_CODES.refused.code
}
