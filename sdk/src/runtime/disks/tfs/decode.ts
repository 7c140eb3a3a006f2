import { ByteReader, damaged } from './ByteReader.js'
import { IMMEDIATE, TYPE, type TfsTuple, type TfsValue } from './format.js'

// A tree of directories nests three tuples a level; the kernel writes each new directory by a record of its own.
const MAX_DEPTH = 64
// Names, tuples and attributes of a whole log. The conformance suite's 10,000 files need some 100,000.
const MAX_ITEMS = 500_000

/** Plays a log of tuples back: later records change what earlier ones made. */
export class TupleLog {
  readonly #dictionary: (string | TfsTuple)[] = []
  #items = 0

  /** The first tuple of all. */
  get root(): TfsTuple {
    const root = this.#dictionary[0]
    if (!(root instanceof Map)) throw damaged('it has no root')
    return root
  }

  /**
   * Takes in one tuple record.
   * @throws GevulotError RUNTIME_IMAGE_INVALID
   */
  apply(bytes: Buffer): void {
    const reader = new ByteReader(bytes)
    if (!(this.#value(reader, 0) instanceof Map) || !reader.done) throw damaged('a record is no tuple')
  }

  /** A value; undefined stands for "no longer there". */
  #value(reader: ByteReader, depth: number): TfsValue | undefined {
    if (depth > MAX_DEPTH) throw damaged('it is nested too deeply')
    const first = reader.byte()
    const immediate = (first & IMMEDIATE) !== 0
    const length = reader.length(first)
    switch ((first >> 4) & 7) {
      case TYPE.tuple: {
        const tuple = immediate ? this.#remember<TfsTuple>(new Map()) : this.#tuple(reader.count())
        this.#members(reader, length, depth, (name, value) => {
          if (value === undefined) tuple.delete(name)
          else tuple.set(name, value)
        })
        return tuple
      }
      case TYPE.integer: {
        const size = reader.varint()
        return length === 0 ? size : -size
      }
      case TYPE.string:
        if (!immediate) throw damaged('a text is not there')
        return reader.take(length).toString('latin1')
      case TYPE.buffer:
        if (!immediate) throw damaged('a value is not there')
        // One NUL is the kernel's word for "true".
        return length === 0 ? undefined : reader.take(length).toString('latin1')
      default:
        // The kernel writes vectors into no volume's tree.
        throw damaged(`a value is of type ${(first >> 4) & 7}`)
    }
  }

  #members(
    reader: ByteReader,
    count: number,
    depth: number,
    set: (name: string, value: TfsValue | undefined) => void,
  ): void {
    for (let index = 0; index < count; index++) {
      if (++this.#items > MAX_ITEMS) throw damaged(`it has more than ${MAX_ITEMS} entries`)
      set(this.#name(reader), this.#value(reader, depth + 1))
    }
  }

  #name(reader: ByteReader): string {
    const first = reader.byte()
    const length = reader.length(first)
    if ((first & IMMEDIATE) !== 0) return this.#remember(reader.take(length).toString('latin1'))
    const name = this.#dictionary[length - 1]
    if (typeof name !== 'string') throw damaged('a name is not there')
    return name
  }

  #tuple(index: number): TfsTuple {
    const tuple = this.#dictionary[index - 1]
    if (!(tuple instanceof Map)) throw damaged('a tuple is not there')
    return tuple
  }

  #remember<T extends string | TfsTuple>(item: T): T {
    if (this.#dictionary.push(item) > MAX_ITEMS) throw damaged(`it has more than ${MAX_ITEMS} entries`)
    return item
  }
}
