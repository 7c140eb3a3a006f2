/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** The line that mocha prints after its last test, before it tells what failed. */
export const SUMMARY = /^\s*\d+ passing \(/m

/**
 * The counts that Hardhat and mocha print at the end of a run.
 * @param {string} output
 * @returns {Counts}
 */
export function countTests(output) {
  /** @param {string} word */
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^\\s*(\\d+) (?:${word})\\b`, 'gm'))].reduce((total, [, n]) => total + Number(n), 0)
  return { passed: sum('passing'), failed: sum('failing'), skipped: sum('pending|skipped') }
}
