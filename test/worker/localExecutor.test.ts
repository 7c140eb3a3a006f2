import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { keccak256 } from 'ethers'

import { ZERO_ADDRESS, type Address, type Bytes32, type ProgramId, type WorkloadId } from '../../sdk/src/chain/index.js'
import { TRANSACTION_LIMITS } from '../../sdk/src/chain/transactionLimits.js'
import { systemClock } from '../../sdk/src/clock.js'
import {
  buildInputs,
  buildPackage,
  digestOf,
  DirectoryStore,
  type ContentSource,
  type Digest,
  type ProgramResources,
} from '../../sdk/src/content/index.js'
import type { RunJob, Verdict } from '../../sdk/src/runtime/index.js'
import { BundleStore } from '../../sdk/src/worker/bundle/BundleStore.js'
import { jsonLogger } from '../../sdk/src/worker/index.js'
import { ContentFetcher } from '../../sdk/src/worker/run/ContentFetcher.js'
import { NoLongerNeeded } from '../../sdk/src/worker/run/Executor.js'
import { keccakInPieces } from '../../sdk/src/worker/run/keccakInPieces.js'
import { LocalExecutor } from '../../sdk/src/worker/run/LocalExecutor.js'
import { openPackages } from '../../sdk/src/worker/run/openPackages.js'
import { COPY_LIMIT, ProofStore, type KeptProof } from '../../sdk/src/worker/run/ProofStore.js'
import { ResourceLedger } from '../../sdk/src/worker/run/ResourceLedger.js'
import type { WorkOrder, WorkResult } from '../../sdk/src/worker/run/WorkOrder.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { makeElf } from '../support/elf.js'
import { FakeRuntime, provedWith } from '../support/FakeRuntime.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const CONTRACT = `0x${'0c'.repeat(20)}` as Address
const WORDS = Buffer.alloc(32, 7)
const MIB = 2 ** 20
const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
const workload = (number: number): WorkloadId => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId

describe('worker: proving on this machine', function () {
  this.timeout(240_000)
  const directory = useTemporaryDirectory()
  let store: DirectoryStore
  let prover: Digest
  let verifier: Digest
  let count = 0

  before(async () => {
    store = new DirectoryStore(join(directory(), 'store'))
    const pack = async (role: 'prove' | 'verify', memoryMiB: number): Promise<Digest> => {
      const spec = {
        ...{ name: role, role, argv: [`/app/${role}`], resources: { cores: 1, memoryMiB, outputMiB: 1 } },
        files: [{ path: role, source: makeElf({ type: 'fixed' }), executable: true }],
      }
      return (await buildPackage(spec, store)).digest
    }
    prover = await pack('prove', 64)
    verifier = await pack('verify', 128)
  })

  async function orderOf(number: number, judge: Address, words: Uint8Array = WORDS): Promise<WorkOrder> {
    const { digest: inputs } = await buildInputs({ files: { public_inputs: words } }, store)
    return {
      ...{ workload: workload(number), programId: workload(99) as unknown as ProgramId, inputs },
      program: { prover, verifierProgram: verifier, verifier: judge, verifierGas: 0, class: 1, bindsProver: false },
      ...{ publicInputs: keccak256(words) as Bytes32, prover: `0x${'0a'.repeat(20)}` as Address, uris: [] },
      maxRunTime: 3_600,
      secondsLeft: () => 3_600,
    }
  }

  /** A machine for one run at a time; `line` are those who asked for their turn. */
  async function machine(act: (job: RunJob) => Promise<Verdict>, source: ContentSource = store) {
    const dataDirectory = join(directory(), `data-${count++}`)
    const config = {
      ...{ dataDirectory, cacheMiB: 64, logKiB: 16, maxContentMiB: 64, fetchSeconds: 1, keepBundles: 5, bundleMiB: 1 },
      ...({ mode: 'auto', runtime: 'bubblewrap', accel: 'auto' } as const),
      ...{ runs: 1, cores: 1, memoryMiB: 256, outputMiB: 64 },
    }
    const packages = await openPackages(config, systemClock)
    const runtime = new FakeRuntime(act)
    const asked: string[] = []
    const judged: boolean[] = []
    const ledger = new ResourceLedger({ ...config, gpus: [] })
    const line: ProgramResources[] = []
    const run = ledger.run.bind(ledger)
    ledger.run = (resources, ...rest) => {
      line.push(resources)
      return run(resources, ...rest)
    }
    const executor = new LocalExecutor({
      ...{ config, runtime, ledger, log, clock: systemClock },
      check: async (order) => {
        asked.push(order.workload)
        return undefined
      },
      fetcher: new ContentFetcher({ config, packages, sources: () => source, clock: systemClock, log }),
      proofs: new ProofStore(join(dataDirectory, 'proofs')),
      history: {
        add: async () => undefined,
        judged: async (_, isAccepted) => void judged.push(isAccepted),
      },
      bundles: new BundleStore({ config, chainId: 1, runtime: 'bubblewrap', clock: systemClock, log }),
    })
    const names = async (name: string) => (await readdir(join(dataDirectory, name)).catch(() => [])).sort()
    const work = (order: WorkOrder, signal = new AbortController().signal): Promise<WorkResult> =>
      executor.work(order, async () => undefined, signal)
    return { dataDirectory, runtime, line, asked, judged, names, work }
  }

  /** What an earlier version may have kept. */
  async function leave(dataDirectory: string, of: WorkloadId, size: number): Promise<string> {
    const place = join(dataDirectory, 'proofs', of)
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'public_inputs'), WORDS)
    await writeFile(join(place, 'proof'), '')
    await truncate(join(place, 'proof'), size)
    return place
  }

  describe('a proof that cannot go where it is judged', () => {
    const TOO_LARGE = [
      { judge: 'a contract', verifierAddress: CONTRACT, size: TRANSACTION_LIMITS.bytes },
      { judge: 'a committee', verifierAddress: ZERO_ADDRESS, size: COPY_LIMIT + 1 },
    ]
    for (const { judge, verifierAddress, size } of TOO_LARGE) {
      it(`is the program's failure before it is kept or read (${judge})`, async () => {
        const { work, runtime, asked, judged, names } = await machine((job) => provedWith(job, size))
        const result = await work(await orderOf(1, verifierAddress))
        expect(result).to.deep.include({ kind: 'failed', reason: 'ProgramFailed' })
        expect((result as { why: string }).why).to.contain(`the proof has ${size} bytes`)
        expect(asked).to.deep.equal([])
        expect(runtime.jobs.map(({ role }) => role)).to.deep.equal(['prove'])
        expect(await names(`proofs/${workload(1)}`)).to.deep.equal(['log.txt'])
        // As with other proofs that are refused, the author can see what ran, and the program is declined after some more.
        expect(judged).to.deep.equal([false])
        expect(await names('bundles')).to.have.length(1)
        expect(await names('work')).to.deep.equal([])
      })

      it(`is removed when an earlier version has kept it (${judge})`, async () => {
        const { work, runtime, asked, names, dataDirectory } = await machine((job) => provedWith(job, 1))
        await leave(dataDirectory, workload(1), size)
        expect(await work(await orderOf(1, verifierAddress))).to.include({ kind: 'failed', reason: 'ProgramFailed' })
        expect([asked, runtime.jobs]).to.deep.equal([[], []])
        expect(await names('proofs')).to.deep.equal([])
      })
    }

    it('is found by nobody else either', async () => {
      const proofs = new ProofStore(join(directory(), 'found', 'proofs'))
      await leave(join(directory(), 'found'), workload(1), COPY_LIMIT + 1)
      await leave(join(directory(), 'found'), workload(2), 1_000)
      expect(await proofs.find(workload(1))).to.equal(undefined)
      expect(await proofs.loadOf(workload(1))).to.deep.equal({ publicInputs: 32, proof: COPY_LIMIT + 1 })
      expect((await proofs.find(workload(2)))?.proof).to.have.length(1_000)
    })

    it('is not taken over from another machine', async () => {
      const db = await openDatabase()
      const found = async (name: string, number: number): Promise<KeptProof | undefined> =>
        new ProofStore(join(directory(), name), db).find(workload(number))
      try {
        const first = new ProofStore(join(directory(), 'first'), db)
        await first.adopt(workload(1), Buffer.alloc(1_000), WORDS)
        const values = { workload: workload(2), proof: Buffer.alloc(COPY_LIMIT + 1), public_inputs: WORDS }
        await db.insertInto('proofs').values(values).execute()
        expect((await found('second', 1))?.proof).to.have.length(1_000)
        expect(await found('second', 2)).to.equal(undefined)
      } finally {
        await db.destroy()
      }
    })

    it('is none that does: with its public inputs it fills a transaction, or what a committee fetches', async () => {
      const size = TRANSACTION_LIMITS.bytes - 4_096
      const first = await machine((job) => provedWith(job, size))
      expect(await first.work(await orderOf(1, CONTRACT))).to.include({ kind: 'proved' })
      expect(first.asked).to.deep.equal([workload(1)])
      const second = await machine(async (job) =>
        job.role === 'verify' ? { kind: 'valid' } : provedWith(job, 2 * size),
      )
      expect(await second.work(await orderOf(1, ZERO_ADDRESS))).to.include({ kind: 'proved' })
    })
  })

  describe('public inputs', () => {
    for (const [judge, address, size] of [
      ['a contract', CONTRACT, TRANSACTION_LIMITS.bytes],
      ['a committee', ZERO_ADDRESS, COPY_LIMIT + 1],
    ] as const) {
      it(`that are too large are refused before they are fetched (${judge})`, async () => {
        const saved: Digest[] = []
        const source: ContentSource = {
          name: 'store',
          has: (digest) => store.has(digest),
          open: (digest, options) => store.open(digest, options),
          get: (digest, options) => store.get(digest, options),
          save: (digest, ...rest) => {
            saved.push(digest)
            return store.save(digest, ...rest)
          },
        }
        const { work, runtime } = await machine((job) => provedWith(job, 1), source)
        const words = Buffer.alloc(size)
        const result = await work(await orderOf(1, address, words))
        expect(result).to.include({ kind: 'refused' })
        expect((result as { why: string }).why).to.contain(`have ${size} bytes`)
        expect(runtime.jobs).to.deep.equal([])
        expect(saved).to.not.be.empty
        expect(saved).to.not.include(digestOf(words))
      })
    }

    it('that are large are hashed piece by piece, and other things get their turn', async () => {
      const bytes = Buffer.alloc(2 * MIB + 5, 'inputs')
      let isOver = false
      let turns = 0
      const turn = (): void => {
        turns++
        if (!isOver) setImmediate(turn)
      }
      turn()
      const hash = await keccakInPieces([bytes], systemClock)
      isOver = true
      expect(hash).to.equal(keccak256(bytes))
      expect(turns).to.be.greaterThan(30)
      expect(await keccakInPieces([], systemClock)).to.equal(keccak256('0x'))
    })
  })

  describe('one run at a time', () => {
    /** Programs that end when they are told to. */
    async function programs() {
      const seen: string[] = []
      const doors = new Map<string, () => void>()
      const made = await machine(async (job) => {
        const what = `${job.role} ${Number(job.workload)}`
        seen.push(what)
        await new Promise<void>((open) => doors.set(what, open))
        return job.role === 'verify' ? { kind: 'valid' } : provedWith(job, 8)
      })
      const end = async (what: string): Promise<void> => {
        await until(() => seen.includes(what))
        doors.get(what)!()
      }
      return { ...made, seen, end }
    }

    it('a proof is judged before the next run begins, each program with what it asks for', async () => {
      const { seen, end, work, runtime, line } = await programs()
      const first = work(await orderOf(1, ZERO_ADDRESS))
      await until(() => seen.includes('prove 1'))
      const second = work(await orderOf(2, ZERO_ADDRESS))
      await until(() => line.length === 2)
      for (const what of ['prove 1', 'verify 1', 'prove 2', 'verify 2']) await end(what)
      expect(await Promise.all([first, second])).to.have.nested.property('[1].kind', 'proved')
      expect(seen).to.deep.equal(['prove 1', 'verify 1', 'prove 2', 'verify 2'])
      expect(runtime.jobs.map(({ limits }) => limits.memoryMiB)).to.deep.equal([64, 128, 64, 128])
    })

    it('a proof of an earlier start is judged before runs that have not begun', async () => {
      const { seen, end, work, line, dataDirectory } = await programs()
      const all = [work(await orderOf(1, CONTRACT))]
      await until(() => seen.includes('prove 1'))
      all.push(work(await orderOf(2, CONTRACT)))
      await until(() => line.length === 2)
      await leave(dataDirectory, workload(3), 8)
      all.push(work(await orderOf(3, ZERO_ADDRESS)))
      await until(() => line.length === 3)
      for (const what of ['prove 1', 'verify 3', 'prove 2']) await end(what)
      expect((await Promise.all(all)).map(({ kind }) => kind)).to.deep.equal(['proved', 'proved', 'proved'])
      expect(seen).to.deep.equal(['prove 1', 'verify 3', 'prove 2'])
    })

    it('what is given up while it waits ends at once', async () => {
      const { seen, end, work, line } = await programs()
      const first = work(await orderOf(1, CONTRACT))
      await until(() => seen.includes('prove 1'))
      const stop = new AbortController()
      const second = work(await orderOf(2, CONTRACT), stop.signal)
      await until(() => line.length === 2)
      stop.abort(new NoLongerNeeded())
      expect(await second).to.deep.equal({ kind: 'stopped' })
      await end('prove 1')
      expect(await first).to.include({ kind: 'proved' })
      expect(seen).to.deep.equal(['prove 1'])
    })
  })
})

/** Waits for what comes by itself. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
