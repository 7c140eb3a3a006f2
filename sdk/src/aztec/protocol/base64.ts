/**
 * Bytes of base64 in its one canonical form; undefined for anything else.
 * A decoder that passes over what it does not know would read other bytes than the next one.
 */
export function bytesOfBase64(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  return bytes.toString('base64') === value ? bytes : undefined
}
