import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import { cpioArchive } from '../../sdk/src/runtime/linux/cpio.js'
import type { ImageFile } from '../../sdk/src/runtime/imageFile.js'
import { writeErofsImage } from '../../sdk/src/runtime/linux/erofsImage.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('runtime: images', () => {
  const directory = useTemporaryDirectory()

  it('writes the same image for the same files', async () => {
    const files: ImageFile[] = [
      { path: 'bin/p', content: Buffer.from('program'), executable: true },
      { path: 'data', content: Buffer.alloc(5000, 1), executable: false },
    ]
    const images = await Promise.all(
      ['a.img', 'b.img'].map(async (name) => {
        await writeErofsImage(join(directory(), name), files)
        return readFileSync(join(directory(), name))
      }),
    )
    expect(images[0]?.equals(images[1] ?? Buffer.alloc(0))).to.equal(true)
    expect(images[0]?.length).to.equal(7 * 4096)
    expect(images[0]?.readUInt32LE(1024)).to.equal(0xe0f5e1e2)
  })

  it('refuses trees that are none', async () => {
    const file = (path: string): ImageFile => ({ path, content: Buffer.from('x'), executable: false })
    for (const [index, files] of [
      [file('a'), file('a')],
      [file('a'), file('a/b')],
      [file('a/b'), file('a')],
    ].entries()) {
      const outcome = await writeErofsImage(join(directory(), `bad${index}`), files).catch((error: unknown) => error)
      expect(outcome).to.be.instanceOf(TypeError)
    }
  })

  it('writes archives of the newc form', () => {
    const archive = cpioArchive([{ path: 'd/file', mode: 0o100644, content: Buffer.from('content') }])
    const text = archive.toString('latin1')
    expect(text.slice(0, 110)).to.match(
      /^070701(00000001)(000081a4)(00000000){2}(00000001)(00000000)(00000007)(00000000){4}(00000007)(00000000)$/,
    )
    expect(text.slice(110, 128)).to.equal('d/file\0\0\0\0content\0')
    expect(text).to.contain('TRAILER!!!\0')
    expect(archive.length % 4).to.equal(0)
  })
})

describe('runtime: createRuntime', () => {
  it("never puts one runtime in another one's place", () => {
    for (const name of ['docker', '', 'Linux']) {
      expect(() => createRuntime(name as 'linux', { cacheDirectory: '/nowhere' }))
        .to.throw()
        .with.property('code', 'RUNTIME_UNKNOWN')
    }
  })
})
