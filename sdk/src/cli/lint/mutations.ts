import { createHash } from 'node:crypto'

/** A proof that must be refused, and how it came to be. */
export interface Mutation {
  readonly what: string
  readonly bytes: Uint8Array
}

const WORD = 32

/**
 * At most `count` different changes of `bytes`: wrong lengths first, then single bits, the first and the last byte's among them. The same
 * seed gives the same ones.
 */
export function mutationsOf(bytes: Uint8Array, count: number, seed: number): readonly Mutation[] {
  const found = new Map([[hex(bytes), undefined as Mutation | undefined]])
  const add = (what: string, mutated: Uint8Array): void => {
    if (found.size <= count && !found.has(hex(mutated))) found.set(hex(mutated), { what, bytes: mutated })
  }
  add('its last byte missing', bytes.slice(0, -1))
  add('a byte behind it', Buffer.concat([bytes, Uint8Array.of(0)]))
  add('nothing left of it', new Uint8Array())
  add('its last 32 bytes missing', bytes.slice(0, -WORD))
  add('32 bytes behind it', Buffer.concat([bytes, new Uint8Array(WORD)]))
  add('all bytes zero', new Uint8Array(bytes.length))
  const flip = (at: number, bit: number): void => add(`bit ${bit} of byte ${at} flipped`, flipped(bytes, at, bit))
  if (bytes.length > 0) {
    flip(0, 0)
    flip(bytes.length - 1, 0)
    // A short proof has fewer different mutations than may be asked for.
    for (let index = 0; index < 8 * count; index++) {
      const draw = createHash('sha256').update(`${seed}/${index}`).digest()
      flip(draw.readUIntBE(0, 6) % bytes.length, (draw[6] ?? 0) % 8)
    }
  }
  return [...found.values()].filter((mutation) => mutation !== undefined)
}

/** A copy with one bit changed. */
export function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ (1 << bit)
  return copy
}

function hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
