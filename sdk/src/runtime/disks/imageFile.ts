import { open, type FileHandle } from 'node:fs/promises'

/** A file of an image: bytes, or a file on this machine of exactly `size` bytes. */
export interface ImageFile {
  /** Relative, `/`-separated; checked by the caller. */
  readonly path: string
  readonly content: Uint8Array | { readonly path: string; readonly size: number }
  readonly executable: boolean
}

/** A file whose bytes are in an image already, in one piece. */
export interface PlacedFile {
  readonly path: string
  /** Bytes from the image's beginning, a multiple of {@link PAGE}. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
}

/** Files begin at whole pages, so that a guest reads a page in one piece. */
export const PAGE = 4096

/** Bytes of a file of an image. */
export function contentSize({ content }: ImageFile): number {
  return content instanceof Uint8Array ? content.length : content.size
}

/** Writes a file's bytes into an image from `offset` on. */
export async function placeFile(image: FileHandle, offset: number, file: ImageFile): Promise<PlacedFile> {
  const { path, content, executable } = file
  const size = contentSize(file)
  if (content instanceof Uint8Array) await image.write(content, 0, size, offset)
  else await copyFrom(content.path, size, image, offset)
  return { path, offset, size, executable }
}

async function copyFrom(path: string, size: number, image: FileHandle, offset: number): Promise<void> {
  const source = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(1 << 20)
    for (let done = 0; done < size;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size - done), done)
      if (bytesRead === 0) throw new TypeError(`${path} became shorter while it was read`)
      await image.write(buffer, 0, bytesRead, offset + done)
      done += bytesRead
    }
  } finally {
    await source.close()
  }
}
