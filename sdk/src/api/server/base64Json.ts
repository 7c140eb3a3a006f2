/** Bytes that are written piece by piece. */
export interface Pieces {
  /** Bytes in all. */
  readonly length: number
  readonly chunks: Iterator<Uint8Array>
}

/** Three bytes are four characters of base64. */
const CHUNK_BYTES = 3 * 2 ** 14

/**
 * A JSON object whose last fields are bytes in base64, without ever being whole in memory.
 * @param facts Its first fields; one at least.
 */
export function base64Json(facts: object, fields: Readonly<Record<string, Uint8Array>>): Pieces {
  const parts = Object.entries(fields).map(([name, bytes]) => ({ head: asBytes(`,"${name}":"`), bytes }))
  const start = asBytes(JSON.stringify(facts).slice(0, -1))
  const [quote, end] = [asBytes('"'), asBytes('}')]
  const length = parts.reduce(
    (sum, { head, bytes }) => sum + head.length + 4 * Math.ceil(bytes.length / 3) + quote.length,
    start.length + end.length,
  )
  const chunks = (function* () {
    yield start
    for (const { head, bytes } of parts) {
      yield head
      for (const slice of slices(bytes)) yield asBytes(Buffer.from(slice).toString('base64'))
      yield quote
    }
    yield end
  })()
  return { length, chunks }
}

/** Bytes by themselves. */
export function rawBytes(bytes: Uint8Array): Pieces {
  return { length: bytes.length, chunks: slices(bytes) }
}

function asBytes(text: string): Uint8Array {
  return Buffer.from(text)
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES)
}
