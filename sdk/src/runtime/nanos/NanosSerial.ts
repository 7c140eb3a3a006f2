import type { SerialDivider, SerialSinks } from '../microvm/Guest.js'

/**
 * Cuts what comes from Nanos' serial port into what the kernel says while it starts and what the program writes. There is
 * no network interface, and saying so is the last the kernel does before the program; so this line is the mark.
 */
export class NanosSerial implements SerialDivider {
  readonly #on: Sinks
  #started = false
  #pending = Buffer.alloc(0)

  constructor(on: Sinks) {
    this.#on = on
  }

  /** Takes in more bytes. */
  write(bytes: Uint8Array): void {
    if (this.#started) {
      this.#on.program(bytes)
      return
    }
    this.#pending = Buffer.concat([this.#pending, bytes])
    const at = this.#pending.indexOf(MARK)
    const end = at < 0 ? -1 : this.#pending.indexOf('\n', at)
    if (end < 0) {
      // A kernel that says this much has not started well; the beginning of it tells why.
      if (this.#pending.length > MOST_BEFORE_MARK) this.#pending = this.#pending.subarray(0, MOST_BEFORE_MARK)
      return
    }
    this.#started = true
    this.#on.system(this.#pending.subarray(0, end + 1))
    this.#on.start()
    if (end + 1 < this.#pending.length) this.#on.program(this.#pending.subarray(end + 1))
    this.#pending = Buffer.alloc(0)
  }

  /** Gives out what came before a mark that never came. */
  close(): void {
    if (!this.#started) this.#on.system(this.#pending)
  }
}

type Sinks = Omit<SerialSinks, 'end'>

const MARK = 'NET: no network interface found'
const MOST_BEFORE_MARK = 1 << 16
