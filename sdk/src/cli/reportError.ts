import { cliError } from '../errors/codes/cli.js'
import { GevulotError } from '../errors/GevulotError.js'
import { EXIT_CODES } from './exitCodes.js'
import { printable, toJson, type Output } from './Output.js'

/**
 * Tells an error in the form that was asked for, on standard error, and answers the exit code.
 * @param stopped Given where the command was asked to stop: the newest transaction that it had sent, if any.
 */
export function reportError(error: unknown, output: Output, stopped?: { readonly newest: string | undefined }): number {
  if (stopped !== undefined && !(error instanceof GevulotError)) {
    if (stopped.newest !== undefined) tell(sentBefore(stopped.newest), output)
    return EXIT_CODES.interrupted.code
  }
  const told = error instanceof GevulotError ? error : fileError(error)
  const known = told !== undefined
  const shown: Told = known
    ? told
    : {
        code: 'CLI_BUG',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        hint: 'This should not happen: please report it with the command and this text.',
        retryable: false,
      }
  tell(shown, output)
  if (!known) return EXIT_CODES.bug.code
  if (shown.code === 'CLI_USAGE') return EXIT_CODES.usage.code
  // Whatever repeats a command for its exit code would do twice what may be done already.
  if (shown.code === 'CHAIN_TRANSACTION_TIMEOUT') return EXIT_CODES.sent.code
  return shown.retryable ? EXIT_CODES.temporary.code : EXIT_CODES.refused.code
}

type Told = Pick<GevulotError, 'code' | 'message' | 'hint' | 'retryable' | 'details'>

function tell({ code, message, hint, retryable, details }: Told, output: Output): void {
  if (output.json)
    output.complain(`${toJson({ error: { code, message, hint, retryable, ...(details && { details }) } })}\n`)
  else {
    const body = message.split('\n').map(printable).join('\n')
    output.complain(`${output.broken(`${output.paint('bad', 'error')}  ${body}`)}\n`)
    output.complain(`${output.broken(`${output.paint('faint', code)}  ${hint}`)}\n`)
  }
}

function sentBefore(transaction: string): GevulotError {
  return cliError('CLI_STOPPED', `stopped; transaction ${transaction} was sent before`, { details: { transaction } })
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is no directory',
  EEXIST: 'it exists',
  EROFS: 'the file system cannot be written',
  ENOSPC: 'the disk is full',
}

/** A path that the person has named and the system refused is no bug of ours. */
function fileError(error: unknown): GevulotError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code = '', path } = error as NodeJS.ErrnoException
  const why = WHY[code]
  if (why === undefined || typeof path !== 'string') return undefined
  return cliError('CLI_FILE_UNREADABLE', `cannot open ${path}: ${why}`, { cause: error })
}
