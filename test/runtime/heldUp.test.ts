import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchPackage } from '../../sdk/src/content/fetchPackage.js'
import { BubblewrapRuntime } from '../../sdk/src/runtime/bubblewrap/BubblewrapRuntime.js'
import type { RunOutcome } from '../../sdk/src/runtime/RunOutcome.js'
import { compileGuest } from '../support/guests/compile.js'
import { useTemporaryDirectory } from '../support/temporary.js'

// A busy machine keeps the worker from its turn while the program goes on.
describe('runtime: bubblewrap, where this process is held up over the time limit of a program', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  const runtime = new BubblewrapRuntime()

  before(async function () {
    const check = await runtime.check()
    if (check.available) return
    console.log(`      SKIP: ${check.reason} (${check.fix})`)
    this.skip()
  })

  /** Runs a program that says something, sleeps and has its proof; this process stands still for `heldUpSeconds` as it is heard. */
  async function run(sleeps: number, seconds: number, heldUpSeconds: number): Promise<RunOutcome> {
    const store = new DirectoryStore(join(directory(), 'store'))
    const resources = { cores: 1, memoryMiB: 64, outputMiB: 2 }
    const { digest } = await buildPackage(
      {
        ...{ name: 'sleep', role: 'prove', argv: ['/app/guest', 'sleep', String(sleeps)], env: {}, resources },
        files: [{ path: 'guest', source: compileGuest('guest', directory()), executable: true }],
      },
      store,
    )
    const publicInputs = join(directory(), 'public_inputs')
    writeFileSync(publicInputs, 'public')
    let heard = ''
    return runtime.run({
      package: await fetchPackage(digest, store, join(directory(), 'packages')),
      inputs: [{ name: 'public_inputs', path: publicInputs }],
      ...{ args: [], role: 'prove', workload: '0xabc', prover: '0xdef' },
      limits: { seconds, ...resources, logBytes: 4096 },
      outputDirectory: mkdtempSync(join(directory(), 'out-')),
      onLog: (text) => {
        if (heard === '') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, heldUpSeconds * 1000)
        heard += text
      },
    })
  }

  it('a program that had ended within it has proved', async () => {
    expect(await run(0, 12, 13)).to.include({ kind: 'ok' })
  })

  it('one that ended after it has not, however late that is read', async () => {
    expect(await run(2, 1, 6)).to.include({ kind: 'timeout' })
  })
})
