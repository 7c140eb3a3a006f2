/** Different fields below the modulus. */
export function fieldsOf(count: number, seed: number): Buffer {
  const bytes = Buffer.alloc(count * 32)
  for (let index = 0; index < count; index++) bytes.writeUInt32BE(seed * 65_536 + index, index * 32 + 28)
  return bytes
}

/** The parts of a recursive proof: its fields, its binary form, how many public inputs it is said to have, and whether its fields count. */
export interface ProofForm {
  readonly fields: Uint8Array
  readonly binary: Uint8Array
  readonly said: number
  readonly flag: number
}

/** A recursive proof as Aztec's class writes it. */
export function serialized(proof: {
  readonly fields: Uint8Array
  readonly binary: Uint8Array
  readonly said: number
  readonly flag: number
}): Uint8Array {
  // prettier-ignore
  const { fields, binary, said, flag } = proof
  const [count, size, inputs] = [fields.length / 32, binary.length, said].map((number) => {
    const word = Buffer.alloc(4)
    word.writeUInt32BE(number)
    return word
  })
  return Buffer.concat([count!, fields, size!, binary, inputs!, Buffer.of(flag)])
}
