/** What a class's proof puzzle should let through. */
export interface ProofCalibrationWish {
  /** Seconds that the puzzle's program took on the least machine that shall pass, each time for another statement. At least two. */
  readonly times: readonly number[]
  /** Seconds that must suffice to hear of the start and to get the answer into a block. */
  readonly latencySeconds: number
  /** Chance with which that machine may fail. */
  readonly failure: number
}

/** What to set for a proof puzzle, and what it means. Chances are those of a normal distribution of the measured mean and deviation. */
export interface ProofCalibration {
  /** Mean of the times, and their standard deviation, in seconds. */
  readonly mean: number
  readonly deviation: number
  readonly slowest: number
  /** Seconds. */
  readonly window: number
  /** Chance that the measured machine fails. */
  readonly falseFailure: number
  /**
   * The same chance at most, whatever the distribution (Cantelli's inequality on the measured mean and deviation): what has to be believed where
   * times have a long tail.
   */
  readonly falseFailureBound: number
  /** Chance that a machine that takes twice as long passes, with no latency at all. */
  readonly halfRatePass: number
  /** Chance that the measured machine serves two seats one after the other, with no latency at all. */
  readonly twoSeatsPass: number
}

/**
 * Computes the window of a proof puzzle from measured times: no shorter than the slowest of them, and so long that the measured machine fails with
 * at most the chance that was asked for.
 * @throws RangeError for fewer than two times, or one that is not above zero
 */
export function calibrateProof({ times, latencySeconds, failure }: ProofCalibrationWish): ProofCalibration {
  if (times.length < 2 || !times.every((time) => time > 0)) {
    throw new RangeError('at least two times above zero are needed to know how they spread: measure more runs')
  }
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length
  const deviation = Math.sqrt(times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1))
  const slowest = Math.max(...times)
  // Whole seconds, as the contract counts them; the chance of failing falls with every one.
  let seconds = Math.ceil(slowest)
  while (later(seconds, mean, deviation) > failure) seconds += 1
  const window = seconds + latencySeconds
  const margin = seconds - mean
  return {
    ...{ mean, deviation, slowest, window },
    falseFailure: later(seconds, mean, deviation),
    falseFailureBound: deviation === 0 ? 0 : deviation ** 2 / (deviation ** 2 + margin ** 2),
    halfRatePass: sooner(window, 2 * mean, 2 * deviation),
    twoSeatsPass: sooner(window, 2 * mean, Math.SQRT2 * deviation),
  }
}

/** The chance that a normal variable is above a limit. */
function later(limit: number, mean: number, deviation: number): number {
  if (deviation === 0) return limit < mean ? 1 : 0
  return erfc((limit - mean) / (deviation * Math.SQRT2)) / 2
}

/** The chance that it is at most the limit, without losing the small ones beside 1. */
function sooner(limit: number, mean: number, deviation: number): number {
  if (deviation === 0) return limit < mean ? 0 : 1
  return erfc((mean - limit) / (deviation * Math.SQRT2)) / 2
}

/** The complementary error function, with a relative error below 1.2 · 10⁻⁷ (W. H. Press et al., Numerical Recipes, erfcc). */
function erfc(x: number): number {
  const t = 1 / (1 + Math.abs(x) / 2)
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ]
  const sum = terms.reduceRight((value, term) => term + t * value, 0)
  const tail = t * Math.exp(-x * x + sum)
  return x >= 0 ? tail : 2 - tail
}
