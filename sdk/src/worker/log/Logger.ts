import { GevulotError } from '../../errors/GevulotError.js'

/** Levels of importance, least first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** How important a line is. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Facts of a line. `workload`, `seat` and `stage` are on every line about a workload. */
export type LogFields = Readonly<Record<string, unknown>>

/** Structured log: one call, one line. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger
}

/** What {@link jsonLogger} needs. */
export interface JsonLoggerOptions {
  readonly level: LogLevel
  /** Takes one line, without its end. */
  readonly write: (line: string) => void
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Takes secrets out of a finished line; see {@link redactor}. */
  readonly redact?: (line: string) => string
}

/** Writes one JSON object a line: time, level, message, then the fields. */
export function jsonLogger(options: JsonLoggerOptions, bound: LogFields = {}): Logger {
  const least = LOG_LEVELS.indexOf(options.level)
  const log = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) < least) return
    const time = new Date(options.now()).toISOString()
    const line = JSON.stringify({ time, level, message, ...bound, ...fields }, jsonValue)
    options.write(options.redact?.(line) ?? line)
  }
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    with: (fields) => jsonLogger(options, { ...bound, ...fields }),
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof GevulotError) {
    return {
      code: value.code,
      message: value.message,
      hint: value.hint,
      ...(value.details && { details: value.details }),
    }
  }
  if (value instanceof Error) return { name: value.name, message: value.message, at: firstFrame(value) }
  return value
}

function firstFrame(error: Error): string | undefined {
  return error.stack
    ?.split('\n')
    .find((line) => line.startsWith('    at '))
    ?.trim()
}
