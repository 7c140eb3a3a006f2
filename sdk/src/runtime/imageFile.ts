import { open, type FileHandle } from 'node:fs/promises'

/** A file of an image: bytes, or a file on this machine of exactly `size` bytes. */
export interface ImageFile {
  /** Relative, `/`-separated; checked by the caller. */
  readonly path: string
  readonly content: Uint8Array | { readonly path: string; readonly size: number }
  readonly executable: boolean
}

/** Bytes of a file of an image. */
export function contentSize({ content }: ImageFile): number {
  return content instanceof Uint8Array ? content.length : content.size
}

/** Writes a file's bytes into an image from `offset` on. */
export async function copyInto(image: FileHandle, offset: number, { path, content }: ImageFile): Promise<void> {
  if (content instanceof Uint8Array) {
    await image.write(content, 0, content.length, offset)
    return
  }
  const source = await open(content.path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(1 << 20)
    let done = 0
    while (done < content.size) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, content.size - done), done)
      if (bytesRead === 0) throw new TypeError(`${path} became shorter while it was read`)
      await image.write(buffer, 0, bytesRead, offset + done)
      done += bytesRead
    }
  } finally {
    await source.close()
  }
}
