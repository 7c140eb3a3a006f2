import type { SerialDivider, SerialSinks } from '../microvm/Guest.js'

/**
 * Cuts what comes from a microVM's serial port into what the system said before the program ran and the program's own
 * output. The marks between them carry the run's token, which the program does not know.
 */
export class LinuxSerial implements SerialDivider {
  readonly #marks: readonly [Buffer, Buffer]
  readonly #sinks: readonly [(bytes: Uint8Array) => void, (bytes: Uint8Array) => void]
  readonly #onMark: readonly [() => void, () => void]
  #phase: 0 | 1 | 2 = 0
  #pending = Buffer.alloc(0)

  constructor(token: string, on: SerialSinks) {
    this.#marks = [Buffer.from(`\n\x01start ${token}\n`), Buffer.from(`\n\x01end ${token}\n`)]
    this.#sinks = [on.system, on.program]
    this.#onMark = [on.start, on.end]
  }

  /** Takes in more bytes. After the end mark everything is dropped. */
  write(bytes: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, bytes])
    while (this.#phase < 2) {
      const phase = this.#phase === 0 ? 0 : 1
      const mark = this.#marks[phase]
      const at = this.#pending.indexOf(mark)
      if (at < 0) {
        const kept = overlap(this.#pending, mark)
        this.#emit(phase, this.#pending.length - kept, kept)
        return
      }
      this.#emit(phase, at, this.#pending.length - at - mark.length)
      this.#phase = phase === 0 ? 1 : 2
      this.#onMark[phase]()
    }
    this.#pending = Buffer.alloc(0)
  }

  /** Gives out what was held back because it looked like the beginning of a mark. */
  close(): void {
    if (this.#phase < 2) this.#emit(this.#phase === 0 ? 0 : 1, this.#pending.length, 0)
  }

  #emit(phase: 0 | 1, length: number, keep: number): void {
    if (length > 0) this.#sinks[phase](this.#pending.subarray(0, length))
    this.#pending = this.#pending.subarray(this.#pending.length - keep)
  }
}

/** How many bytes at the end of `bytes` may be the beginning of `mark`. */
function overlap(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(bytes.length, mark.length - 1); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) return length
  }
  return 0
}
