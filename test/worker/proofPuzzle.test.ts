import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { buildPackage, DirectoryStore, type Digest } from '../../sdk/src/content/index.js'
import { createRuntime, tryPackage, type RuntimeCheck } from '../../sdk/src/runtime/index.js'
import { calibrateProof, CALIBRATION_DEFAULTS, measureProofTimes } from '../../sdk/src/worker/index.js'
import { compileGuest } from '../support/guests/compile.js'
import { rejected } from '../support/rejected.js'
import { Seeded } from '../support/seed.js'

describe('worker: calibration of a proof puzzle', () => {
  const seeded = new Seeded(20_261_130)
  const roll = (): number => seeded.integer(0, 2 ** 31) / (2 ** 31 + 1)
  /** A normal variable by two even ones (Box and Muller): the same numbers each time. */
  const time = (mean: number, deviation: number): number =>
    mean + deviation * Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll())
  const many = (count: number, mean: number, deviation: number): number[] =>
    Array.from({ length: count }, () => time(mean, deviation))
  const latencySeconds = CALIBRATION_DEFAULTS.latencySeconds

  it('a machine of the class fails as often as was asked for, one that takes twice as long does not pass', () => {
    const result = calibrateProof({ times: many(2_000, 300, 15), latencySeconds, failure: 0.05 })
    const answering = result.window - latencySeconds
    const late = many(20_000, 300, 15).filter((seconds) => seconds > answering).length / 20_000
    expect(late).to.be.closeTo(result.falseFailure, 0.01)
    expect(late).to.be.at.most(0.055)
    expect(late).to.be.at.most(result.falseFailureBound)
    const strict = calibrateProof({ times: many(200, 300, 15), latencySeconds, failure: CALIBRATION_DEFAULTS.failure })
    expect(strict.falseFailure).to.be.at.most(CALIBRATION_DEFAULTS.failure)
    expect(many(20_000, 300, 15).filter((seconds) => seconds > strict.window - latencySeconds)).to.deep.equal([])
    expect(many(20_000, 600, 30).filter((seconds) => seconds <= strict.window)).to.deep.equal([])
    expect(strict.halfRatePass).to.be.lessThan(1e-6)
    expect(strict.twoSeatsPass).to.be.lessThan(1e-6)
  })

  it('knows when the latency is so long beside the proof that one machine serves two seats', () => {
    const { window, twoSeatsPass, halfRatePass } = calibrateProof({
      times: [10, 11, 12],
      latencySeconds,
      failure: 1e-6,
    })
    expect(window).to.equal(Math.ceil(11 + 4.75) + 36)
    expect(twoSeatsPass).to.be.greaterThan(0.999)
    expect(halfRatePass).to.be.greaterThan(0.999)
  })

  it('a tail that no normal variable has is bounded all the same, and the window is never below what was seen', () => {
    // One run of fifty takes four times as long.
    const times = Array.from({ length: 50 }, (_, run) => (run === 0 ? 400 : 100))
    const { slowest, window, falseFailureBound } = calibrateProof({ times, latencySeconds: 0, failure: 1e-3 })
    expect(window).to.be.at.least(slowest)
    expect(falseFailureBound).to.be.greaterThan(0.001).and.lessThan(0.1)
    expect(() => calibrateProof({ times: [1], latencySeconds: 0, failure: 0.1 })).to.throw(RangeError, 'more runs')
    expect(() => calibrateProof({ times: [1, 0], latencySeconds: 0, failure: 0.1 })).to.throw(RangeError, 'more runs')
    expect(calibrateProof({ times: [2, 2], latencySeconds: 1, failure: 0.1 })).to.include({
      window: 3,
      falseFailure: 0,
    })
  })
})

// The puzzle's program as a worker runs it: a prover that looks for a hash and takes at least the time that it is given.
describe('worker: a proof puzzle on this machine', function () {
  this.timeout(180_000)
  const LATENCY = 8
  let directory: string
  let store: DirectoryStore
  let runtime: ReturnType<typeof createRuntime>

  before(async function () {
    directory = await mkdtemp(join(tmpdir(), 'gevulot-proof-puzzle-'))
    store = new DirectoryStore(join(directory, 'content'))
    runtime = createRuntime('bubblewrap', { cacheDirectory: join(directory, 'runtime') })
    const check: RuntimeCheck = await runtime.check()
    if (!check.available) {
      console.log(`      SKIP: ${check.reason}`)
      this.skip()
    }
  })
  after(() => rm(directory, { recursive: true, force: true }))

  async function program(tenths: number): Promise<Digest> {
    const elf = compileGuest('hashcash', directory)
    const spec = {
      ...{ name: `puzzle-${tenths}`, role: 'prove' as const, argv: ['/app/hashcash', String(tenths)] },
      resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
      files: [{ path: 'hashcash', source: elf, executable: true }],
    }
    return (await buildPackage(spec, store)).digest
  }

  it('a machine with the hardware proves within the calibrated window, one that takes twice the window does not', async () => {
    const cacheDirectory = join(directory, 'cache')
    const common = { runtime, source: store, cacheDirectory }
    let told = 0
    const times = await measureProofTimes({
      ...{ ...common, package: await program(10), runs: 4 },
      onRun: (done) => {
        told = done
      },
    })
    expect(told).to.equal(4)
    for (const seconds of times) expect(seconds).to.be.at.least(1)
    const { window, falseFailure } = calibrateProof({ times, latencySeconds: LATENCY, failure: 1e-6 })
    expect(falseFailure).to.be.at.most(1e-6)
    const statement = join(directory, 'public_inputs')
    await writeFile(statement, Buffer.alloc(32, 7))
    const within = async (tenths: number): Promise<string> => {
      const trial = { ...common, package: await program(tenths), inputs: [{ name: 'public_inputs', path: statement }] }
      const outputDirectory = join(directory, `out-${tenths}`)
      return (await tryPackage({ ...trial, limits: { seconds: window }, outputDirectory })).outcome.kind
    }
    expect(await within(10)).to.equal('ok')
    expect(await within(2 * window * 10)).to.equal('timeout')
  })

  it('says so when the program leaves no proof', async () => {
    const spec = {
      ...{ name: 'verifier-like', role: 'prove' as const, argv: ['/app/nothing'] },
      resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
      files: [{ path: 'nothing', source: compileGuest('hashverify', directory), executable: true }],
    }
    const { digest } = await buildPackage(spec, store)
    const trial = { runtime, source: store, cacheDirectory: join(directory, 'cache'), package: digest, runs: 2 }
    await rejected(measureProofTimes(trial), 'WORKER_PUZZLE_UNSOLVED')
  })
})
