import { runtimeError } from '../../../errors/codes/runtime.js'
import { LONGER } from './format.js'

/** Reads from bytes that a stranger wrote; every step beyond the end is an error. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Whether all bytes were read. */
  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** One byte. */
  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw damaged('it ends too early')
    this.#at++
    return byte
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw damaged('it ends too early')
    return this.#bytes.subarray(this.#at, (this.#at += length))
  }

  /** A number of any size a kernel may write, at most 64 bits. */
  varint(): bigint {
    let value = 0n
    for (let count = 0; count < 10; count++) {
      const byte = this.byte()
      value = (value << 7n) | BigInt(byte & 0x7f)
      if (byte < 0x80) return value
    }
    throw damaged('a number is too long')
  }

  /** A number that counts something on the disk. */
  count(): number {
    return small(this.varint())
  }

  /** The length that follows a value's first byte. */
  length(first: number): number {
    let length = first & 7
    for (let more = (first & LONGER) !== 0; more;) {
      const byte = this.byte()
      length = length * 128 + (byte & 0x7f)
      if (length > Number.MAX_SAFE_INTEGER) throw damaged('a number is too large')
      more = byte >= 0x80
    }
    return length
  }
}

/** A number that fits; nothing on a disk is larger. */
export function small(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a number is too large')
  return Number(value)
}

/** What is wrong with a disk. */
export function damaged(what: string): Error {
  return runtimeError('RUNTIME_IMAGE_INVALID', `the output disk is damaged: ${what}`)
}
