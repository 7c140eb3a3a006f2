/**
 * The body of an answer.
 * @param refuse Makes the error of a body that is larger, as soon as that is known.
 */
export async function readBody(
  response: Response,
  maxBytes: number,
  refuse: (why: string) => Error,
): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > maxBytes) throw refuse(`the answer is larger than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
