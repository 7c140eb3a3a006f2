import { on } from 'node:events'
import { Worker as Thread } from 'node:worker_threads'
import { expect } from 'chai'
import fc from 'fast-check'
import { keccak256, toBeHex, zeroPadValue } from 'ethers'

import {
  calibrate,
  CALIBRATION_DEFAULTS,
  encodeNumbers,
  measureHashRate,
  passProbability,
  seatsHeldUp,
  solveHashcash,
} from '../../sdk/src/worker/index.js'
import {
  HASHCASH_THREAD,
  keccakModule,
  type ThreadOrder,
  type ThreadReport,
} from '../../sdk/src/worker/qualify/hashcashThread.js'
import { rejected } from '../support/rejected.js'

const MAX_WORD = (1n << 256n) - 1n

/** The contract's rule, written down a second time and slowly. */
function accepts(seed: Uint8Array, work: bigint, count: number, solution: Uint8Array): boolean {
  if (solution.length !== count * 6) return false
  let last = -1
  for (let at = 0; at < solution.length; at += 6) {
    const number = Buffer.from(solution).readUIntBE(at, 6)
    if (number <= last || !isFind(seed, work, number)) return false
    last = number
  }
  return true
}

function isFind(seed: Uint8Array, work: bigint, number: number): boolean {
  return (
    BigInt(keccak256(Buffer.concat([seed, Buffer.from(zeroPadValue(toBeHex(number), 32).slice(2), 'hex')]))) <
    MAX_WORD / work
  )
}

/** Hashes that a machine needs for a solution: what it takes for real, without its clock. */
function hashesFor(seed: Uint8Array, work: bigint, count: number): number {
  let number = 0
  for (let found = 0; found < count; number++) if (isFind(seed, work, number)) found++
  return number
}

/** What one thread finds among its numbers, in the order of its search. */
async function findsOfThread(order: Omit<ThreadOrder, 'keccak'>): Promise<number[]> {
  const finds: number[] = []
  const thread = new Thread(HASHCASH_THREAD, { eval: true, workerData: { ...order, keccak: keccakModule() } })
  for await (const [report] of on(thread, 'message') as AsyncIterable<[ThreadReport]>) {
    if (!('found' in report)) break
    finds.push(report.found)
  }
  await thread.terminate()
  return finds
}

const aSeed = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('worker: hashcash', function () {
  this.timeout(300_000)

  it('finds solutions that the rule accepts, with one thread and with more', async () => {
    for (const threads of [1, 3]) {
      const seed = Uint8Array.from({ length: 32 }, (_, index) => 7 * index + threads)
      const { solution } = await solveHashcash({ seed, work: 500n, count: 12, threads })
      expect(accepts(seed, 500n, 12, solution)).to.equal(true)
      const other = Uint8Array.from(seed, (byte) => byte ^ 1)
      expect(accepts(other, 500n, 12, solution)).to.equal(false)
    }
  })

  it('finds numbers beyond 32 bits', async () => {
    // A thread of its own: which of several finds something first is the machine's affair.
    const seed = new Uint8Array(32).fill(9)
    const numbers = await findsOfThread({ seed, target: MAX_WORD / 300n, from: 2 ** 40, tries: 20_000 })
    expect(numbers.length).to.be.greaterThan(9)
    expect(numbers[0]).to.be.at.least(2 ** 40)
    expect(accepts(seed, 300n, 9, encodeNumbers(numbers.slice(0, 9)))).to.equal(true)
  })

  it('stops when asked', async () => {
    const stop = new AbortController()
    const search = solveHashcash({
      seed: new Uint8Array(32),
      work: 1n << 60n,
      count: 1,
      threads: 1,
      signal: stop.signal,
    })
    stop.abort()
    await rejected(search, 'WORKER_STOPPED')
  })

  it('measures a rate', async () => {
    expect(await measureHashRate({ threads: 1, seconds: 0.2 })).to.be.greaterThan(1_000)
  })
})

// Time here is hashes divided by a rate: nothing depends on how busy this machine is.
describe('worker: who passes a check', function () {
  this.timeout(300_000)
  const COUNT = CALIBRATION_DEFAULTS.count
  const RATE = 20
  const { work, window } = calibrate({ ...CALIBRATION_DEFAULTS, rate: RATE, solveSeconds: 300 })
  const answering = window - CALIBRATION_DEFAULTS.latencySeconds

  it('a machine of the class passes, one of half its rate fails', () => {
    let passed = 0
    fc.assert(
      fc.property(aSeed, (seed) => {
        const hashes = hashesFor(seed, work, COUNT)
        if (hashes / (RATE / 2) <= answering) passed += 1
        return hashes / RATE <= answering
      }),
      { numRuns: 60 },
    )
    // The chance of one pass is below 0.1 %: two in 60 runs come once in a thousand.
    expect(passed).to.be.at.most(2)
  })

  it('a machine does not serve two seats in a window, not even without any latency', () => {
    let served = 0
    fc.assert(
      fc.property(aSeed, aSeed, (one, two) => {
        if ((hashesFor(one, work, COUNT) + hashesFor(two, work, COUNT)) / RATE <= window) served += 1
      }),
      { numRuns: 40 },
    )
    expect(served).to.be.at.most(1)
  })

  it('the chance of passing is what counting finds', () => {
    const attempt = { rate: 4, work: 2n, count: 8, seconds: 4 }
    let passed = 0
    const runs = 2000
    for (let run = 0; run < runs; run++) {
      const seed = Buffer.from(keccak256(toBeHex(run + 1)).slice(2), 'hex')
      if (hashesFor(seed, attempt.work, attempt.count) <= attempt.rate * attempt.seconds) passed += 1
    }
    // At so small a work the finds are binomial; the difference to Poisson stays below a twentieth.
    expect(Math.abs(passed / runs - passProbability(attempt))).to.be.lessThan(0.06)
  })

  it('calibrates any machine within the chance asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 2_000_000_000 }),
        fc.integer({ min: 120, max: 1_500 }),
        fc.integer({ min: 128, max: 256 }),
        (rate, solveSeconds, count) => {
          const made = calibrate({ rate, solveSeconds, count, latencySeconds: 12, failure: 1e-6 })
          expect(made.falseFailure).to.be.at.most(1e-6)
          // A second less would be too short.
          const seconds = made.window - 12 - 1
          expect(seconds < solveSeconds || 1 - passProbability({ ...made, rate, seconds }) > 1e-6).to.equal(true)
          expect(made.twoSeatsPass).to.be.lessThan(0.01)
        },
      ),
    )
  })

  it('no strategy of one machine holds up more than c / f seats for long', () => {
    // Each check the machine spends its c solutions on selected seats or on joining new ones, as the plan says.
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1_000, max: 10_000 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat()), { minLength: 150, maxLength: 150 }),
        (solutions, fractionBps, plan) => {
          let seats = 0
          let sum = 0
          for (const [share, dice] of plan) {
            // One account a seat, each selected for itself.
            let selected = 0
            for (let seat = 0; seat < seats; seat++) if (hash(dice, seat) % 10_000 < fractionBps) selected += 1
            const kept = Math.min(selected, Math.round(share * solutions))
            seats += solutions - kept - (selected - kept)
            sum += seats
          }
          // Nothing is created: what is in was joined by a solution; on average over the plan it stays at c / f.
          expect(sum / plan.length).to.be.at.most(1.25 * seatsHeldUp(solutions, fractionBps) + 1)
        },
      ),
      { numRuns: 60 },
    )
  })
})

function hash(dice: number, seat: number): number {
  return Number(BigInt(keccak256(toBeHex(BigInt(dice) * 1_000_003n + BigInt(seat + 1)))) % 1_000_000n)
}
