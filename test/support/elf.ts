/** What an ELF made here says of itself; nothing in it can run. */
export interface ElfSpec {
  readonly type?: 'fixed' | 'relocatable'
  readonly interpreter?: string
  readonly needed?: readonly string[]
  readonly rpath?: string
  readonly runpath?: string
}

const BASE = 0x400000n

/** The headers of an x86-64 ELF: one loadable segment that holds the whole file, dynamic section, names, loader. */
export function makeElf({ type = 'relocatable', interpreter, needed = [], rpath, runpath }: ElfSpec): Buffer {
  const names: string[] = ['']
  const offsetOf = (name: string): bigint => {
    const offset = names.reduce((sum, known) => sum + Buffer.byteLength(known) + 1, 0)
    names.push(name)
    return BigInt(offset)
  }
  const entries: (readonly [bigint, bigint])[] = needed.map((name) => [1n, offsetOf(name)])
  if (rpath !== undefined) entries.push([15n, offsetOf(rpath)])
  if (runpath !== undefined) entries.push([29n, offsetOf(runpath)])
  const strings = Buffer.from(`${names.join('\0')}\0`)
  const loader = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`)
  const hasDynamic = entries.length > 0
  const count = 1 + Number(hasDynamic) + Number(interpreter !== undefined)
  const dynamicAt = 64 + count * 56
  const dynamicBytes = hasDynamic ? (entries.length + 2) * 16 : 0
  const stringsAt = dynamicAt + dynamicBytes
  const loaderAt = stringsAt + strings.length
  const file = Buffer.alloc(loaderAt + loader.length)

  file.write('\x7fELF\x02\x01\x01', 'latin1')
  file.writeUInt16LE(type === 'fixed' ? 2 : 3, 16)
  file.writeUInt16LE(62, 18)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(count, 56)
  let header = 64
  const segment = (kind: number, at: number, size: number): void => {
    file.writeUInt32LE(kind, header)
    file.writeBigUInt64LE(BigInt(at), header + 8)
    file.writeBigUInt64LE(BASE + BigInt(at), header + 16)
    file.writeBigUInt64LE(BigInt(size), header + 32)
    header += 56
  }
  segment(1, 0, file.length)
  if (hasDynamic) segment(2, dynamicAt, dynamicBytes)
  if (interpreter !== undefined) segment(3, loaderAt, loader.length)
  const all = hasDynamic ? [...entries, [5n, BASE + BigInt(stringsAt)] as const] : []
  all.forEach(([tag, value], index) => {
    file.writeBigUInt64LE(tag, dynamicAt + index * 16)
    file.writeBigUInt64LE(value, dynamicAt + index * 16 + 8)
  })
  strings.copy(file, stringsAt)
  loader.copy(file, loaderAt)
  return file
}
