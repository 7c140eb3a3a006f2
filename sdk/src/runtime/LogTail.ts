import { StringDecoder } from 'node:string_decoder'

/**
 * Keeps the beginning and the end of a program's output within a fixed size, however much comes, and makes it harmless
 * for terminals: control characters other than line feed and tab are escaped.
 */
export class LogTail {
  readonly #half: number
  readonly #onLog: ((text: string) => void) | undefined
  readonly #decoder = new StringDecoder('utf8')
  #head = ''
  #tail = ''
  #dropped = false

  /**
   * @param maxBytes Characters to keep, near enough bytes.
   * @param onLog Gets the text as it comes, until the first half is full.
   */
  constructor(maxBytes: number, onLog?: (text: string) => void) {
    this.#half = Math.max(1, maxBytes >> 1)
    this.#onLog = onLog
  }

  /** Takes in more output. */
  write(bytes: Uint8Array): void {
    // A flood is cut before it is worked on, so that it costs no more than being read.
    const chunk =
      bytes.length > 4 * this.#half && this.#head.length >= this.#half ? bytes.subarray(-4 * this.#half) : bytes
    if (chunk !== bytes) this.#dropped = true
    const text = escapeControls(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
    const head = text.slice(0, this.#half - this.#head.length)
    if (head.length > 0) {
      this.#head += head
      this.#onLog?.(head)
    }
    const tail = this.#tail + text.slice(head.length)
    if (tail.length > this.#half) this.#dropped = true
    this.#tail = tail.slice(-this.#half)
  }

  /** What was kept. */
  text(): string {
    return this.#dropped ? `${this.#head}\n… output left out …\n${this.#tail}` : this.#head + this.#tail
  }
}

function escapeControls(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
