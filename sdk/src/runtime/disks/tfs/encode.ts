import { IMMEDIATE, LONGER, TYPE, type TfsTuple, type TfsValue } from './format.js'

/** A number in groups of seven bits, the highest first; all bytes but the last have the high bit set. */
export function encodeVarint(value: bigint | number): Buffer {
  let rest = BigInt(value)
  const bytes = [Number(rest & 0x7fn)]
  while ((rest >>= 7n) > 0n) bytes.unshift(Number(rest & 0x7fn) | 0x80)
  return Buffer.from(bytes)
}

/**
 * Encodes a tree of tuples as one tuple record's content. Names are written once and referred to afterwards by their
 * number in the dictionary, which counts names, tuples and lists in the order in which they appear; the root is number 1.
 */
export function encodeTuple(root: TfsTuple): Buffer {
  const parts: Buffer[] = []
  const names = new Map<string, number>()
  let entries = 0
  const value = (item: TfsValue): void => {
    if (typeof item === 'string') {
      const text = Buffer.from(item, 'latin1')
      parts.push(header(true, TYPE.string, text.length), text)
    } else if (typeof item === 'bigint') {
      parts.push(header(true, TYPE.integer, 0), encodeVarint(item))
    } else if (!(item instanceof Map)) {
      entries++
      parts.push(header(true, TYPE.vector, item.length))
      for (const member of item) value(member)
    } else {
      entries++
      parts.push(header(true, TYPE.tuple, item.size))
      for (const [key, member] of item) {
        name(key)
        value(member)
      }
    }
  }
  const name = (key: string): void => {
    const known = names.get(key)
    if (known !== undefined) {
      parts.push(header(false, TYPE.buffer, known))
      return
    }
    const text = Buffer.from(key, 'latin1')
    names.set(key, ++entries)
    parts.push(header(true, TYPE.buffer, text.length), text)
  }
  value(root)
  return Buffer.concat(parts)
}

/** The first bytes of a value: what it is, and a length whose upper three bits fit into the first byte. */
function header(immediate: boolean, type: number, length: number): Buffer {
  const first = (immediate ? IMMEDIATE : 0) | (type << 4)
  if (length < 8) return Buffer.from([first | length])
  const groups = []
  let rest = length
  do {
    groups.unshift((rest % 128) | (groups.length > 0 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest >= 8)
  return Buffer.from([first | LONGER | rest, ...groups])
}
