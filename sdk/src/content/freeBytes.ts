import { statfs } from 'node:fs/promises'

/** Bytes that the disk of a directory has left for us. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
