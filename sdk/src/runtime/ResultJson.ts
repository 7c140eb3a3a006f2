import { FILE_NAME } from '../content/PackageManifest.js'
import {
  parseJson,
  readChoice,
  readInteger,
  readList,
  readRecord,
  readSha256,
  readText,
  ShapeError,
} from '../content/shape.js'

/** A file named in `result.json`; not yet checked against what is there. */
export interface ClaimedFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

/** `result.json`, its shape checked. Source: docs/program-contract.md. */
export interface ResultJson {
  readonly nonce: string
  readonly status: 'ok' | 'error' | 'valid' | 'invalid'
  readonly error: string
  readonly files: readonly ClaimedFile[]
}

/** The most bytes of `result.json`. */
export const MAX_RESULT_BYTES = 65_536

/** The most bytes of a program's own error text that are kept. */
export const MAX_ERROR_TEXT = 4096

/**
 * Reads what a program wrote as its result. Unknown members are ignored: programs may be newer than this.
 * @throws ShapeError
 */
export function parseResultJson(bytes: Uint8Array): ResultJson {
  const members = readRecord(parseJson(bytes), 'result')
  readChoice(members['schema'], 'result.schema', ['gevulot/result@1'])
  const files = readList(members['files'] ?? [], 'result.files', 64, (value, at) => {
    const file = readRecord(value, at)
    return {
      name: readText(file['name'], `${at}.name`, 128, FILE_NAME),
      size: readInteger(file['size'], `${at}.size`, 0, Number.MAX_SAFE_INTEGER),
      sha256: readSha256(file['sha256'], `${at}.sha256`),
    }
  })
  if (new Set(files.map((file) => file.name)).size !== files.length) throw new ShapeError('result.files repeats a name')
  return {
    nonce: readText(members['nonce'], 'result.nonce', 128),
    status: readChoice(members['status'], 'result.status', ['ok', 'error', 'valid', 'invalid']),
    error: readText(members['error'] ?? '', 'result.error', MAX_RESULT_BYTES).slice(0, MAX_ERROR_TEXT),
    files,
  }
}
