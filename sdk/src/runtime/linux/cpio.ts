/** A file of an archive. */
export interface CpioFile {
  /** Relative path; directories on the way must be listed before. */
  readonly path: string
  /** Type and permissions as in `stat`. */
  readonly mode: number
  readonly content: Uint8Array
}

/** A cpio archive in the "newc" form, which the kernel unpacks as its first root. Equal files give equal bytes. */
export function cpioArchive(files: readonly CpioFile[]): Buffer {
  const trailer: CpioFile = { path: 'TRAILER!!!', mode: 0, content: new Uint8Array() }
  return Buffer.concat(
    [...files, trailer].flatMap((file, index) => {
      const name = Buffer.from(`${file.path}\0`)
      // inode, mode, uid, gid, links, mtime, size, device (two), special device (two), length of the name, checksum
      const fields = [index + 1, file.mode, 0, 0, 1, 0, file.content.length, 0, 0, 0, 0, name.length, 0]
      const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
      return [header, name, padding(header.length + name.length), file.content, padding(file.content.length)]
    }),
  )
}

function padding(length: number): Buffer {
  return Buffer.alloc(-length & 3)
}
