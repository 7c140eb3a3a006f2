import type { HashcashDifficulty } from './solveHashcash.js'

/** What a class's puzzle and checks should be like. */
export interface CalibrationWish {
  /** Hashes a second of the least machine that shall pass. */
  readonly rate: number
  /** Seconds that machine shall need on average. */
  readonly solveSeconds: number
  /** Numbers in a solution; more of them, less spread. */
  readonly count: number
  /** Seconds that must suffice to hear of the start and to get the answer into a block. */
  readonly latencySeconds: number
  /** Chance with which that machine may fail. */
  readonly failure: number
}

/** What to set, and what it means. */
export interface Calibration extends HashcashDifficulty {
  /** Seconds. */
  readonly window: number
  /** Chance that the machine of the wish fails. */
  readonly falseFailure: number
  /** Chance that a machine of half its rate passes, with no latency at all. */
  readonly halfRatePass: number
  /** Chance that the machine of the wish serves two seats, with no latency at all. */
  readonly twoSeatsPass: number
}

/** Numbers of design §5, as docs/qualification.md derives them. */
export const CALIBRATION_DEFAULTS = { solveSeconds: 300, count: 128, latencySeconds: 36, failure: 1e-6 } as const

/** Computes work and window for a wish. */
export function calibrate(wish: CalibrationWish): Calibration {
  const { rate, solveSeconds, count, latencySeconds, failure } = wish
  const work = BigInt(Math.max(1, Math.round((rate * solveSeconds) / count)))
  const difficulty = { work, count }
  // Whole seconds, as the contract counts them; the chance of failing falls with every one.
  let seconds = Math.ceil(solveSeconds)
  while (1 - passProbability({ ...difficulty, rate, seconds }) > failure) seconds += 1
  const window = seconds + latencySeconds
  return {
    ...difficulty,
    window,
    falseFailure: 1 - passProbability({ ...difficulty, rate, seconds }),
    halfRatePass: passProbability({ ...difficulty, rate: rate / 2, seconds: window }),
    twoSeatsPass: passProbability({ ...difficulty, rate, seconds: window, seats: 2 }),
  }
}

/** A machine, its task and its time. */
export interface Attempt extends HashcashDifficulty {
  /** Hashes a second. */
  readonly rate: number
  readonly seconds: number
  /** Seats it has to serve in that time; default 1. */
  readonly seats?: number
}

/**
 * The chance of finding enough numbers in time. Finds come independently of each other, each hash with chance 1 / work, so
 * their number in a time is a Poisson variable.
 */
export function passProbability({ rate, seconds, work, count, seats = 1 }: Attempt): number {
  const mean = (rate * seconds) / Number(work)
  let fewer = 0
  // Terms by logarithms: e^-mean alone is no number any more for large means.
  let logTerm = -mean
  for (let finds = 0; finds < count * seats; finds++) {
    fewer += Math.exp(logTerm)
    logTerm += Math.log(mean) - Math.log(finds + 1)
  }
  return Math.max(0, 1 - fewer)
}

/**
 * How many seats one machine can hold up for good, whatever it does: each solution either keeps a selected seat or joins a
 * new one, and a check asks the fraction of the seats that are in.
 */
export function seatsHeldUp(solutionsAWindow: number, fractionBps: number): number {
  return (solutionsAWindow * 10_000) / fractionBps
}
