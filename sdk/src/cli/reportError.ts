import { cliError } from '../errors/codes/cli.js'
import { GevulotError } from '../errors/GevulotError.js'
import { EXIT_CODES } from './exitCodes.js'
import { printable, toJson, type Output } from './Output.js'

/** Tells an error in the form that was asked for, on standard error, and answers the exit code. */
export function reportError(error: unknown, output: Output, stopped: boolean): number {
  if (stopped && !(error instanceof GevulotError)) return EXIT_CODES.interrupted.code
  const told = error instanceof GevulotError ? error : fileError(error)
  const known = told !== undefined
  const { code, message, hint, retryable, details } = known
    ? told
    : {
        code: 'CLI_BUG',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        hint: 'This should not happen: please report it with the command and this text.',
        retryable: false,
        details: undefined,
      }
  if (output.json)
    output.complain(`${toJson({ error: { code, message, hint, retryable, ...(details && { details }) } })}\n`)
  else {
    const body = message.split('\n').map(printable).join('\n')
    output.complain(`${output.broken(`${output.paint('bad', 'error')}  ${body}`)}\n`)
    output.complain(`${output.broken(`${output.paint('faint', code)}  ${hint}`)}\n`)
  }
  if (!known) return EXIT_CODES.bug.code
  if (code === 'CLI_USAGE') return EXIT_CODES.usage.code
  return retryable ? EXIT_CODES.temporary.code : EXIT_CODES.refused.code
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
