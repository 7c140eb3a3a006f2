import type { IncomingMessage } from 'node:http'

/** What an answer says of its body. None of it is believed. */
export interface AnswerFacts {
  readonly status: number
  /** The body is a part of the content, and says which one. */
  readonly isPart: boolean
  /** Where the body begins; NaN where an answer of a part does not say it. */
  readonly start: number
  /** Behind its last byte, where that is said. */
  readonly end: number | undefined
  /** Bytes of the whole content, where that is said. */
  readonly total: number | undefined
  /** Names this version of the content, if it does so to the byte: a strong ETag. */
  readonly tag: string | undefined
  readonly isEncoded: boolean
  /** Its length is not that of the part it says it is. */
  readonly contradicts: boolean
}

const RANGE = /^bytes (\d+)-(\d+)\/(\d+|\*)$/
// What may stand in a strong tag; it is sent back as a header.
const TAG = /^"[\x21\x23-\x7e]{0,1000}"$/

/**
 * Reads status and headers. Source: RFC 9110 sections 8.8.3 and 14.4.
 * @param plainStart Where the body of an answer begins that says nothing of ranges.
 */
export function readAnswer({ statusCode: status = 0, headers }: IncomingMessage, plainStart: number): AnswerFacts {
  const isPart = status === 206
  const [, first, last, size] = (isPart ? RANGE.exec(headers['content-range'] ?? '') : null) ?? []
  const start = isPart ? Number(first ?? NaN) : plainStart
  const length = headers['content-length'] === undefined ? undefined : start + Number(headers['content-length'])
  const end = last === undefined ? length : Number(last) + 1
  return {
    ...{ status, isPart, start, end },
    total: isPart ? (size === undefined || size === '*' ? undefined : Number(size)) : length,
    tag: TAG.test(headers.etag ?? '') ? headers.etag : undefined,
    isEncoded: (headers['content-encoding'] ?? 'identity') !== 'identity',
    contradicts: length !== undefined && length !== end,
  }
}
