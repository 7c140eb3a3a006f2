import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { runVerifier } from '../../sdk/src/client/verifyProofWithProgram.js'
import { systemClock } from '../../sdk/src/clock.js'
import { buildInputs } from '../../sdk/src/content/buildInputs.js'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { hexOf, type Digest } from '../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { PackageCache } from '../../sdk/src/content/PackageCache.js'
import type { RunJob, Runtime } from '../../sdk/src/runtime/Runtime.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { ContentFetcher } from '../../sdk/src/worker/run/ContentFetcher.js'
import { LocalExecutor, type LocalExecutorOptions } from '../../sdk/src/worker/run/LocalExecutor.js'
import { ProofStore } from '../../sdk/src/worker/run/ProofStore.js'
import { ResourceLedger } from '../../sdk/src/worker/run/ResourceLedger.js'
import type { WorkOrder } from '../../sdk/src/worker/run/WorkOrder.js'
import { makeElf } from '../support/elf.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const KIB = 1024
const ELF = makeElf({ type: 'fixed' })
/** Bytes of a package of these tests, but for a manifest and a program of some hundred. */
const SIZE = 100 * KIB

describe('content: the cache of packages', () => {
  const directory = useTemporaryDirectory()
  const store = (): DirectoryStore => new DirectoryStore(join(directory(), 'store'))
  let now = 1_000_000
  const clock = { ...systemClock, now: () => (now += 1_000) }
  let place: string
  let count = 0
  const holder = {}

  beforeEach(() => {
    place = join(directory(), `cache-${count++}`)
  })

  /** Room for so many packages; a new one is counted twice, with the disk that is made of it. */
  const open = (packages: number): Promise<PackageCache> =>
    PackageCache.open({ directory: place, maxBytes: (packages + 0.5) * SIZE, clock })

  async function build(name: string, data = randomBytes(SIZE)): Promise<Digest> {
    const { digest } = await buildPackage(
      {
        ...{ name, role: 'prove', argv: ['/app/p'], resources: { cores: 1, memoryMiB: 64, outputMiB: 1 } },
        files: [
          { path: 'p', source: ELF, executable: true },
          { path: 'data', source: data },
        ],
      },
      store(),
    )
    return digest
  }

  const isHere = (digest: Digest): boolean => existsSync(join(place, 'packages', hexOf(digest), 'files', 'data'))
  const blobs = (): number => readdirSync(join(place, 'blobs')).length

  it('keeps within its bound: what was not asked for longest goes first, with its files', async () => {
    const cache = await open(3)
    const [a, b, c] = [await build('a'), await build('b'), await build('c')]
    for (const digest of [a, b, a]) {
      await cache.fetch(digest, store(), holder)
      cache.release(holder)
    }
    expect([a, b].map(isHere)).to.deep.equal([true, true])
    await cache.fetch(c, store(), holder)
    expect([a, b, c].map(isHere)).to.deep.equal([true, false, true])
    // The program is one file of all three.
    expect(blobs()).to.equal(3)
  })

  it('never removes what somebody holds, even above its bound, and makes up for it', async () => {
    const cache = await open(1)
    const digests = [await build('a'), await build('b'), await build('c')]
    const holders = digests.map((digest) => ({ digest }))
    for (const holder of holders) await cache.fetch(holder.digest, store(), holder)
    expect(digests.map(isHere)).to.deep.equal([true, true, true])
    // Two work with it, and one has ended.
    const other = {}
    await cache.fetch(digests[0]!, store(), other)
    for (const holder of holders) cache.release(holder)
    const d = await build('d')
    await cache.fetch(d, store(), {})
    expect([...digests, d].map(isHere)).to.deep.equal([true, false, false, true])
  })

  it('is what verifiers of an adapter come from: held while they run, and no longer', async () => {
    const cacheDirectory = await open(1)
    const [a, b, c] = [await build('a'), await build('b'), await build('c')]
    const { digest: inputs } = await buildInputs({ files: { public_inputs: randomBytes(32) } }, store())
    const usage = { wallSeconds: 0, startSeconds: 0 }
    const runtime = (meanwhile: (job: RunJob) => Promise<unknown>): Runtime => ({
      name: 'bubblewrap',
      check: () => Promise.resolve({ available: true, details: {} }),
      run: async (job) => {
        await meanwhile(job)
        return { kind: 'valid', usage, log: '' }
      },
    })
    const verify = (verifierProgram: Digest, meanwhile: (job: RunJob) => Promise<unknown>) =>
      runVerifier(
        { runtime: runtime(meanwhile), source: store() },
        {
          ...{ verifierProgram, inputs, cacheDirectory, workDirectory: join(directory(), 'work') },
          ...{ workload: `0x${'77'.repeat(32)}`, prover: `0x${'11'.repeat(20)}`, proof: randomBytes(8) },
        },
      )
    // Another one comes while the first runs.
    const answer = await verify(a, async ({ package: { digest } }) => {
      expect(digest).to.equal(a)
      await verify(b, () => Promise.resolve())
      expect(isHere(a)).to.equal(true)
    })
    expect(answer).to.deep.equal({ valid: true })
    await verify(c, () => Promise.resolve())
    expect([a, b, c].map(isHere)).to.deep.equal([false, false, true])
  })

  it('counts the disks that are made of packages', async () => {
    const cache = await open(4)
    const [a, b] = [await build('a'), await build('b')]
    const { directory: ofA } = await cache.fetch(a, store(), holder)
    writeFileSync(join(ofA, 'program-2.img'), Buffer.alloc(3 * SIZE))
    cache.release(holder)
    await cache.fetch(b, store(), holder)
    expect([a, b].map(isHere)).to.deep.equal([false, true])
  })

  it('removes at its start what nobody has finished, and what is above a smaller bound', async () => {
    const roomy = await open(9)
    const digests = [await build('a'), await build('b'), await build('c')]
    for (const digest of digests) await roomy.fetch(digest, store(), holder)
    mkdirSync(join(place, 'packages', `${'0'.repeat(64)}.1.abc.tmp`, 'files'), { recursive: true })
    for (const name of [`${'1'.repeat(64)}.7.abc.new`, '2'.repeat(64)])
      writeFileSync(join(place, 'blobs', name), Buffer.alloc(SIZE))
    await open(2)
    expect(digests.map(isHere)).to.deep.equal([false, true, true])
    expect(readdirSync(join(place, 'packages')).sort()).to.deep.equal(digests.slice(1).map(hexOf).sort())
    expect(blobs()).to.equal(3)
  })

  it('brings back whole what is asked for while it is being removed', async () => {
    const cache = await open(2)
    const a = await build('a')
    for (let round = 0; round < 20; round++) {
      const b = await build(`b${round}`)
      await cache.fetch(a, store(), holder)
      cache.release(holder)
      const replacing = cache.fetch(b, store(), {})
      // Each time a little later.
      for (let turn = 0; turn < round; turn++) await new Promise(setImmediate)
      const again = await cache.fetch(a, store(), holder)
      await replacing
      for (const { path, size } of again.manifest.files)
        expect(statSync(join(again.files, path)).size, path).to.equal(size)
    }
  })

  it('a disk that is nearly full loses what nobody holds, whatever the bound', function () {
    const script = join(directory(), 'small.mts')
    const module = (name: string): string => JSON.stringify(new URL(`../../sdk/src/${name}`, import.meta.url).href)
    mkdirSync(place)
    writeFileSync(
      script,
      `import { readdirSync } from 'node:fs'
       import { PackageCache } from ${module('content/PackageCache.ts')}
       import { DirectoryStore } from ${module('content/DirectoryStore.ts')}
       import { buildPackage } from ${module('content/buildPackage.ts')}
       import { systemClock as clock } from ${module('clock.ts')}
       const store = new DirectoryStore(${JSON.stringify(join(directory(), 'store'))})
       const cache = await PackageCache.open({ directory: ${JSON.stringify(place)}, maxBytes: 2 ** 40, clock })
       const source = Buffer.from(process.argv[2], 'base64')
       for (const name of ['a', 'b', 'c']) {
         const spec = { name, role: 'prove', argv: ['/app/p'], resources: { cores: 1, memoryMiB: 64, outputMiB: 1 } }
         const { digest } = await buildPackage({ ...spec, files: [{ path: 'p', source, executable: true }] }, store)
         await cache.fetch(digest, store, name)
         if (name !== 'b') cache.release(name)
       }
       console.log(readdirSync(${JSON.stringify(join(place, 'packages'))}).length)`,
    )
    const inside = ['--dev-bind', '/', '/', '--size', String(64 * 2 ** 20), '--tmpfs', place]
    const run = [process.execPath, '--import', 'tsx', script, ELF.toString('base64')]
    // Of the first nothing is left; the second is held, and the third new.
    expect(execFileSync('bwrap', [...inside, ...run], { cwd: process.cwd(), encoding: 'utf8' }).trim()).to.equal('2')
  })

  it('work holds its packages until it has ended, whatever the end', async () => {
    const packages = await open(1)
    const [a, b] = [await build('a'), await build('b')]
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const config = { dataDirectory: join(directory(), 'data'), fetchSeconds: 60, maxContentMiB: 1, logKiB: 1 }
    const fetcher = new ContentFetcher({ config, packages, sources: store, clock, log })
    // Its inputs are no inputs, so nothing of it is run.
    const inputs = (await store().put(Buffer.from('no inputs'))).digest
    const order = {
      ...{ workload: `0x${'11'.repeat(32)}`, programId: `0x${'22'.repeat(32)}`, program: { prover: a }, inputs },
      ...{ uris: [], secondsLeft: () => 60 },
    } as unknown as WorkOrder
    const { signal } = new AbortController()
    await fetcher.package(order, a, signal)
    await packages.fetch(b, store(), holder)
    expect([a, b].map(isHere)).to.deep.equal([true, true])
    const proofs = new ProofStore(join(directory(), 'proofs'))
    const ledger = new ResourceLedger({ runs: 1, cores: 1, memoryMiB: 64, outputMiB: 1, gpus: [] })
    const executor = new LocalExecutor({
      config,
      fetcher,
      proofs,
      ledger,
      clock,
      log,
    } as unknown as LocalExecutorOptions)
    expect((await executor.work(order, () => Promise.resolve(), signal)).kind).to.equal('failed')
    await packages.fetch(await build('c'), store(), holder)
    expect([a, b].map(isHere)).to.deep.equal([false, true])
  })
})
