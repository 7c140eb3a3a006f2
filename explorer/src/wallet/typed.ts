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

/** The contents of chosen files by their names. */
export async function namedFiles(files: readonly File[]): Promise<Record<string, Uint8Array>> {
  const read = files.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const)
  return Object.fromEntries(await Promise.all(read))
}

/** Bytes in base64. */
export function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** What {@link base64Of} made a text of. */
export function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
}
