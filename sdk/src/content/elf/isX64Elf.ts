import { open } from 'node:fs/promises'

const ELF_HEADER_BYTES = 64
const MACHINE_X86_64 = 62

/** Whether a file starts like an x86-64 ELF program (static, or position-independent). */
export async function isX64Elf(path: string): Promise<boolean> {
  const header = Buffer.alloc(ELF_HEADER_BYTES)
  const file = await open(path, 'r')
  try {
    const { bytesRead } = await file.read(header, 0, header.length, 0)
    if (bytesRead < header.length) return false
  } finally {
    await file.close()
  }
  const magic = header.readUInt32BE(0) === 0x7f454c46
  const littleEndian64 = header[4] === 2 && header[5] === 1
  const program = header.readUInt16LE(16) === 2 || header.readUInt16LE(16) === 3
  return magic && littleEndian64 && program && header.readUInt16LE(18) === MACHINE_X86_64
}
