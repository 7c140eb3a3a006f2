/** The files of an EROFS image, as Linux finds them: a reader for tests, independent of what writes the images. */
export function readErofs(image: Buffer): Map<string, Buffer> {
  if (image.readUInt32LE(1024) !== 0xe0f5e1e2) throw new Error('no superblock')
  const block = 2 ** image.readUInt8(1024 + 12)
  const table = image.readUInt32LE(1024 + 40) * block
  const files = new Map<string, Buffer>()
  const visit = (node: number, path: string): void => {
    const at = table + node * 32
    const size = Number(image.readBigUInt64LE(at + 8))
    const start = image.readUInt32LE(at + 16) * block
    const content = image.subarray(start, start + size)
    if (content.length !== size) throw new Error(`${path} leaves the image`)
    if ((image.readUInt16LE(at + 4) & 0o170000) !== 0o040000) {
      files.set(path, content)
      return
    }
    let before = ''
    for (let first = 0; first < size; first += block) {
      const names = content.subarray(first, first + block)
      const count = names.readUInt16LE(8) / 12
      for (let index = 0; index < count; index++) {
        const begin = names.readUInt16LE(index * 12 + 8)
        const end = index + 1 < count ? names.readUInt16LE(index * 12 + 20) : names.length
        const name = names.toString('utf8', begin, end).replace(/\0+$/, '')
        if (before !== '' && Buffer.compare(Buffer.from(before), Buffer.from(name)) >= 0)
          throw new Error('not in order')
        before = name
        if (name === '.' || name === '..') continue
        visit(Number(names.readBigUInt64LE(index * 12)), path === '' ? name : `${path}/${name}`)
      }
    }
  }
  visit(image.readUInt16LE(1024 + 14), '')
  return files
}
