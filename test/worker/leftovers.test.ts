import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { expect } from 'chai'

import { removeLeftovers } from '../../sdk/src/worker/removeLeftovers.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('worker: what a killed process leaves', () => {
  const directory = useTemporaryDirectory()

  it('of runs and bundles is removed at the next start, and nothing else', async () => {
    const [left, kept] = [
      [
        'work/0x1/in/public_inputs',
        'puzzles/0x2/out/proof',
        join('runner', 'work/0x3/out/proof'),
        'bundles/b-2.tmp/log.txt',
      ],
      ['bundles/b-1/log.txt', 'commitments/1', 'proofs/0x1/proof', 'runner/id', 'runner/proofs/0x3/proof'],
    ]
    const place = join(directory(), 'data')
    for (const path of [...left, ...kept]) {
      await mkdir(dirname(join(place, path)), { recursive: true })
      await writeFile(join(place, path), 'something')
    }
    await removeLeftovers(place)
    const files = (await readdir(place, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    expect(files.map(({ parentPath, name }) => join(parentPath, name).slice(place.length + 1)).sort()).to.deep.equal(
      kept,
    )
    expect((await readdir(place)).sort()).to.deep.equal(['bundles', 'commitments', 'proofs', 'runner'])
    // Nor is there anything to do in a new one, or twice.
    await removeLeftovers(place)
    await removeLeftovers(join(directory(), 'new'))
  })
})
