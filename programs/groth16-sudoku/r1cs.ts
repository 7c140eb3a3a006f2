/** One sparse row: pairs of signal and coefficient. */
export type Row = ReadonlyArray<readonly [signal: number, coefficient: bigint]>

/** A rank-1 constraint system as circom writes it: (A·w)(B·w) = C·w for every constraint. */
export interface R1cs {
  readonly prime: bigint
  /** Signals, the constant one included. */
  readonly signals: number
  /** Public signals, outputs first, without the constant one. */
  readonly publics: number
  readonly constraints: ReadonlyArray<readonly [a: Row, b: Row, c: Row]>
}

const HEADER = 1
const CONSTRAINTS = 2

/** Reads a `.r1cs` file (version 1 of iden3's binary format). */
export function readR1cs(file: Uint8Array): R1cs {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (Buffer.from(file.subarray(0, 4)).toString('latin1') !== 'r1cs' || view.getUint32(4, true) !== 1)
    throw new Error('not an r1cs file')
  const sections = new Map<number, number>()
  for (let at = 12; at < file.length; at += 12 + Number(view.getBigUint64(at + 4, true)))
    sections.set(view.getUint32(at, true), at + 12)

  let at = section(HEADER)
  const u32 = (): number => view.getUint32((at += 4) - 4, true)
  const width = u32()
  const field = (): bigint =>
    BigInt(
      `0x${Buffer.from(file.subarray(at, (at += width)))
        .reverse()
        .toString('hex')}`,
    )
  const prime = field()
  const signals = u32()
  const publics = u32() + u32()
  at += 4 + 8 // private inputs, labels
  const count = u32()

  at = section(CONSTRAINTS)
  const row = (): Row => Array.from({ length: u32() }, () => [u32(), field()] as const)
  return { prime, signals, publics, constraints: Array.from({ length: count }, () => [row(), row(), row()] as const) }

  function section(id: number): number {
    const start = sections.get(id)
    if (start === undefined) throw new Error(`the r1cs file has no section ${id}`)
    return start
  }
}
