/** Bytes of a text, in Node and in browsers. */
export const utf8 = new TextEncoder()

/** Thrown by the readers below; its message names the place and what was expected there. */
export class ShapeError extends Error {}

/** A JSON object read member by member. */
export type Members = Readonly<Record<string, unknown>>

/**
 * Parses JSON from a stranger. The caller has capped the size.
 * @throws ShapeError
 */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown
  } catch (error) {
    throw new ShapeError('not JSON in UTF-8', { cause: error })
  }
}

/** An object with no members beside those named; `optional` ones may be missing. */
export function readObject(
  value: unknown,
  at: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Members {
  const members = readRecord(value, at)
  for (const key of required) if (!Object.hasOwn(members, key)) throw new ShapeError(`${at}.${key} is missing`)
  for (const key of Object.keys(members)) {
    if (!required.includes(key) && !optional.includes(key))
      throw new ShapeError(`${at} has an unknown member ${show(key)}`)
  }
  return members
}

/** An object with any members. */
export function readRecord(value: unknown, at: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ShapeError(`${at} is not an object`)
  return value as Members
}

/** A list of at most `max` entries. */
export function readList<T>(value: unknown, at: string, max: number, entry: (value: unknown, at: string) => T): T[] {
  if (!Array.isArray(value)) throw new ShapeError(`${at} is not a list`)
  if (value.length > max) throw new ShapeError(`${at} has ${value.length} entries, more than ${max}`)
  return value.map((item: unknown, index) => entry(item, `${at}[${index}]`))
}

/** Text of at most `max` UTF-8 bytes without NUL, matching `pattern` if given. */
export function readText(value: unknown, at: string, max: number, pattern?: RegExp): string {
  if (typeof value !== 'string') throw new ShapeError(`${at} is not text`)
  if (utf8.encode(value).length > max) throw new ShapeError(`${at} is longer than ${max} bytes`)
  if (value.includes('\0')) throw new ShapeError(`${at} contains NUL`)
  if (pattern !== undefined && !pattern.test(value)) throw new ShapeError(`${at} is not allowed: ${show(value)}`)
  return value
}

/** A whole number between `min` and `max`, both included. */
export function readInteger(value: unknown, at: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new ShapeError(`${at} is not a whole number from ${min} to ${max}`)
  }
  return value
}

/** One of a few texts. */
export function readChoice<T extends string>(value: unknown, at: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new ShapeError(`${at} is not one of ${choices.join(', ')}`)
  return choice
}

/** The sha-256 of a file as 64 lower-case hexadecimal digits. */
export function readSha256(value: unknown, at: string): string {
  return readText(value, at, 64, /^[0-9a-f]{64}$/)
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}
