import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { Anvil } from '../../sdk/src/devnet/Anvil.js'
import { findAnvil } from '../../sdk/src/devnet/findAnvil.js'

/** More than the states that the chain keeps in memory. */
const MANY_BLOCKS = 2_000
/** What a busy machine mines within the time of a request. */
const AT_ONCE = 100

describe('sdk: local chain', function () {
  this.timeout(120_000)
  const before = process.env.TMPDIR
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gevulot-states-'))
    process.env.TMPDIR = folder
  })
  afterEach(async () => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    await rm(folder, { recursive: true, force: true })
  })

  it('answers for any block of its past, and leaves nothing on the disk when it ends', async () => {
    const time = Math.floor(Date.now() / 1000)
    const chain = await Anvil.start({ binary: findAnvil(root), port: 0, time, signal: AbortSignal.timeout(60_000) })
    try {
      await chain.fund(chain.wallet(9).address)
      await chain.provider.send('evm_mine', [])
      for (let mined = 0; mined < MANY_BLOCKS; mined += AT_ONCE)
        await chain.provider.send('anvil_mine', [`0x${AT_ONCE.toString(16)}`])
      const funded = await chain.provider.getBalance(chain.wallet(9).address, 1)
      expect(funded).to.equal(10n ** 20n)
      const files = await readdir(folder, { recursive: true })
      expect(files.filter((file) => file.endsWith('.json'))).to.not.deep.equal([])
    } finally {
      await chain.stop()
    }
    expect(await readdir(folder)).to.deep.equal([])
  })
})
