/** Token units of an amount as one types it; undefined for what is none. */
export function unitsOf(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d{1,18})(?:\.(\d{1,18}))?$/.exec(text.trim()) ?? []
  return whole === undefined ? undefined : BigInt(whole + fraction.padEnd(18, '0'))
}

/** Bytes as one types them: hexadecimal after `0x`, else text. */
export function bytesOf(text: string): Uint8Array {
  const digits = /^0x((?:[0-9a-fA-F]{2})*)$/.exec(text.trim())?.[1]
  if (digits === undefined) return new TextEncoder().encode(text)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
