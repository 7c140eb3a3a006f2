import { createHash } from 'node:crypto'
import { join } from 'node:path'

import { expect } from 'chai'
import { keccak256 } from 'ethers'

import { ZERO_ADDRESS, type Address, type Bytes32, type WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { buildInputs, buildPackage, digestOf, DirectoryStore, type Digest } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'
import type { Case, Exhibit } from '../../sdk/src/validator/index.js'
import { Judge } from '../../sdk/src/validator/judge/Judge.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { jsonLogger } from '../../sdk/src/worker/index.js'
import { openPackages } from '../../sdk/src/worker/run/openPackages.js'
import { ResourceLedger } from '../../sdk/src/worker/run/ResourceLedger.js'
import { compileGuest } from '../support/guests/compile.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const PUBLIC_INPUTS = Buffer.from('eleven words that a prover has to work for, no more')
const HANG = Buffer.from('hang')
const CRASH = Buffer.from('crash')
/** Seconds for content, and for everything; a proof that hangs uses up its part of them. */
const FETCH = 3
const SECONDS = 140

// Real verifier programs in a sandbox; `hashverify` takes eight bytes that give twelve zero bits, and has two planted faults.
describe('validator: judging', function () {
  this.timeout(240_000)
  const directory = useTemporaryDirectory()
  let store: DirectoryStore
  let program: Case['program']
  let inputs: Digest
  let greedy: Digest
  let count = 0

  before(async () => {
    store = new DirectoryStore(join(directory(), 'store'))
    const elf = compileGuest('hashverify', directory())
    const pack = (memoryMiB: number) =>
      buildPackage(
        {
          name: 'hashverify',
          role: 'verify',
          argv: ['/app/hashverify'],
          resources: { cores: 1, memoryMiB, outputMiB: 1 },
          files: [{ path: 'hashverify', source: elf, executable: true }],
        },
        store,
      )
    const { digest } = await pack(64)
    greedy = (await pack(4_096)).digest
    inputs = (await buildInputs({ files: { public_inputs: PUBLIC_INPUTS } }, store)).digest
    program = {
      prover: digest,
      verifierProgram: digest,
      verifier: ZERO_ADDRESS,
      verifierGas: 0,
      class: 1,
      bindsProver: false,
    }
  })

  /** Eight bytes that the verifier accepts. */
  function honestProof(): Buffer {
    const proof = Buffer.alloc(8)
    for (let number = 0n; ; number++) {
      proof.writeBigUInt64LE(number)
      const hash = createHash('sha256').update(PUBLIC_INPUTS).update(proof).digest()
      if (hash[0] === 0 && hash[1]! < 16) return proof
    }
  }

  function exhibit(order: number, proof: Uint8Array, changes: Partial<Exhibit> = {}): Exhibit {
    const operator = `0x${'0a'.repeat(20)}` as Address
    return { order, operator, digest: digestOf(proof), inline: proof, uri: '', ...changes }
  }

  async function judge(
    exhibits: readonly Exhibit[],
    changes: Partial<Case> = {},
    signal = new AbortController().signal,
  ) {
    const time = new ChainTime(systemClock)
    time.see(1, 1_000)
    const dataDirectory = join(directory(), `data-${count++}`)
    const judge = new Judge({
      config: {
        logKiB: 16,
        maxContentMiB: 16,
        maxProofMiB: 1,
        dataDirectory,
      },
      runtime: createRuntime('bubblewrap', { cacheDirectory: join(directory(), 'runtime') }),
      ledger: new ResourceLedger({ runs: 1, cores: 1, memoryMiB: 256, outputMiB: 16, gpus: [] }),
      packages: await openPackages({ dataDirectory, cacheMiB: 1_024 }, systemClock),
      sources: () => store,
      time,
      clock: systemClock,
      log: jsonLogger({ level: 'error', write: () => undefined, now: () => 0 }),
    })
    const matter: Case = {
      workload: `0x${'11'.repeat(32)}` as WorkloadId,
      attempt: 1,
      program,
      inputs,
      publicInputs: keccak256(PUBLIC_INPUTS) as Bytes32,
      uris: [],
      exhibits,
      decidedValid: 0,
      fetchUntil: 1_000 + FETCH,
      judgeUntil: 1_000 + SECONDS,
      ...changes,
    }
    return judge.judge(matter, signal)
  }

  it('finds valid what the verifier program does, and nothing else: refused, crashing, hanging, missing', async () => {
    const honest = honestProof()
    const stored = Buffer.concat([honest, Buffer.alloc(0)])
    await store.put(stored)
    const exhibits = [
      // The one that hangs comes first, and must leave the others their time.
      exhibit(0, HANG),
      exhibit(1, honest),
      exhibit(2, Buffer.from('nothing!')),
      exhibit(3, CRASH),
      exhibit(4, Buffer.from('never stored'), { inline: new Uint8Array() }),
      exhibit(5, stored, { inline: new Uint8Array() }),
      // Bytes that are not those of the digest count for nothing, whatever they are.
      exhibit(6, Buffer.from('somebody else'), { inline: honest }),
    ]
    const judging = await judge(exhibits)
    // What the program itself said, of 1, 2 and 5, can be a ground for an appeal.
    expect(judging).to.include({ kind: 'verdict', valid: 0b0100010, said: 0b0100110 })
    if (judging.kind !== 'verdict') throw new Error('unreachable')
    const reasons = new Map(judging.findings.map(({ order, reason }) => [order, reason]))
    expect(reasons.get(0)).to.match(/ended as timeout/)
    expect(reasons.get(2)).to.match(/twelve zero bits/)
    expect(reasons.get(3)).to.match(/ended as crash/)
    expect(reasons.get(4)).to.match(/cannot be had/)
    expect(reasons.get(6)).to.match(/cannot be had/)
  })

  it('takes over what an earlier attempt decided, and judges the rest', async () => {
    const judging = await judge([exhibit(3, honestProof())], { decidedValid: 0b0010 })
    expect(judging).to.include({ kind: 'verdict', valid: 0b1010 })
  })

  it('without the package, the inputs, or with other public inputs nothing is valid', async () => {
    const missing = digestOf(Buffer.from('missing'))
    const cases: Partial<Case>[] = [
      { program: { ...program, verifierProgram: missing } },
      { inputs: missing },
      { publicInputs: `0x${'22'.repeat(32)}` as Bytes32 },
    ]
    for (const changes of cases) {
      expect(await judge([exhibit(0, honestProof())], changes)).to.include({ kind: 'verdict', valid: 0 })
    }
  })

  it('has no opinion where the machine is at fault: too small, or no time left', async () => {
    const small = await judge([exhibit(0, honestProof())], { program: { ...program, verifierProgram: greedy } })
    expect(small).to.include({ kind: 'unable' })
    expect(await judge([exhibit(0, honestProof())], { judgeUntil: 1_000 })).to.include({ kind: 'unable' })
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const judging = judge([exhibit(0, HANG)], { judgeUntil: 1_000_000 }, stop.signal)
    stop.abort(new Error('stopped'))
    const outcome = await judging.then(
      () => 'ended',
      (error: unknown) => (error as Error).message,
    )
    expect(outcome).to.equal('stopped')
  })
})
