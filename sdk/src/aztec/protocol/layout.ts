/** Order of the scalar field of BN254: what circuits compute with. */
export const BN254_ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n
/** Order of the scalar field of BLS12-381. */
const BLS_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
/** Order of the base field of BLS12-381. */
const BLS_BASE = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn

/** Elements of a layout: bytes, and what the number must be below. */
const KINDS: Readonly<Record<string, { readonly bytes: number; readonly below?: bigint }>> = {
  /** A field of BN254. */
  f: { bytes: 32, below: BN254_ORDER },
  /** A scalar of BLS12-381. */
  z: { bytes: 32, below: BLS_ORDER },
  /** A coordinate on BLS12-381. */
  p: { bytes: 48, below: BLS_BASE },
  /** An Ethereum address. */
  a: { bytes: 20 },
  /** Whole numbers of 4, 8 and 16 bytes. */
  n: { bytes: 4 },
  q: { bytes: 8 },
  s: { bytes: 16 },
  /** Yes or no. */
  b: { bytes: 1, below: 2n },
}

const layouts = new Map<string, readonly string[]>()

/**
 * The elements of a layout in order. `3f 2(n f)` is three fields, and twice a number and a field.
 * @throws TypeError for a layout that cannot be read
 */
export function elementsOf(layout: string): readonly string[] {
  const known = layouts.get(layout)
  if (known !== undefined) return known
  const tokens = layout.match(/\d+|[a-z]|[()]/g) ?? []
  const elements = readGroup(tokens, layout)
  layouts.set(layout, elements)
  return elements
}

/** Bytes of a layout. */
export function bytesOf(layout: string): number {
  return elementsOf(layout).reduce((sum, kind) => sum + (KINDS[kind]?.bytes ?? 0), 0)
}

/**
 * Whether bytes have a layout: exactly its length, and every element in its range.
 * @returns What is wrong, or undefined.
 */
export function layoutFault(layout: string, bytes: Uint8Array): string | undefined {
  const want = bytesOf(layout)
  if (bytes.length !== want) return `has ${bytes.length} bytes, not ${want}`
  let at = 0
  for (const kind of elementsOf(layout)) {
    const { bytes: size, below } = KINDS[kind] as { readonly bytes: number; readonly below?: bigint }
    if (below !== undefined && numberAt(bytes, at, size) >= below)
      return `has an element out of its range at byte ${at}`
    at += size
  }
  return undefined
}

/** Whether all of a list of fields of BN254 are reduced. @returns The first that is not, or undefined. */
export function unreducedField(bytes: Uint8Array): number | undefined {
  for (let at = 0; at < bytes.length; at += 32) if (numberAt(bytes, at, 32) >= BN254_ORDER) return at / 32
  return undefined
}

function numberAt(bytes: Uint8Array, at: number, size: number): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset + at, size).toString('hex')}`)
}

function readGroup(tokens: string[], layout: string): readonly string[] {
  const elements: string[] = []
  for (let token = tokens.shift(); token !== undefined && token !== ')'; token = tokens.shift()) {
    const count = /^\d+$/.test(token) ? Number(token) : 1
    const what = count === 1 && !/^\d+$/.test(token) ? token : tokens.shift()
    const group = what === '(' ? readGroup(tokens, layout) : [what ?? '']
    if (group.some((kind) => !Object.hasOwn(KINDS, kind))) throw new TypeError(`not a layout: ${layout}`)
    for (let index = 0; index < count; index++) elements.push(...group)
  }
  return elements
}
