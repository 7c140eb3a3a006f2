/**
 * Simulates qualification with the default parameters: who passes a check, and how many seats one machine holds up.
 * `npm run bench:qualification` prints the tables of docs/qualification.md. Same seed, same numbers.
 */
import { QUALIFICATION_DEFAULTS } from '../sdk/src/deploy/parameters.js'
import { calibrate, CALIBRATION_DEFAULTS, passProbability, seatsHeldUp } from '../sdk/src/worker/index.js'

const RATE = 400_000
const CHECKS = 3 * 365
/** `RUNS` and `ANSWERS` make it shorter, and the figures rougher. */
const RUNS = Number(process.env['RUNS'] ?? 20)
const HONEST = Number(process.env['ANSWERS'] ?? 100_000)
/** Checks in a cooldown of seven days. */
const COOLDOWN_CHECKS = (7 * 86_400) / QUALIFICATION_DEFAULTS.period
const FRACTION = QUALIFICATION_DEFAULTS.fractionBps / 10_000

/** Numbers between 0 and 1, always the same ones (mulberry32). */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const roll = dice(20_261_128)
const setting = calibrate({ rate: RATE, ...CALIBRATION_DEFAULTS })
const { work, count, window } = setting

/** Seconds until a machine has found enough numbers for some seats: waiting times between finds are exponential. */
function secondsFor(rate: number, seats: number): number {
  let seconds = 0
  for (let find = 0; find < count * seats; find++) seconds -= Math.log(1 - roll()) * (Number(work) / rate)
  return seconds
}

function share(runs: number, isSo: () => boolean): number {
  let yes = 0
  for (let run = 0; run < runs; run++) if (isSo()) yes += 1
  return yes / runs
}

const percent = (part: number): string =>
  part === 0 ? '0' : part < 1e-4 ? part.toExponential(1) : `${(100 * part).toFixed(2)} %`

console.log(`work ${work}, count ${count}, window ${window} s, latency ${CALIBRATION_DEFAULTS.latencySeconds} s\n`)
console.log('| Rate of the machine | passes, computed | passes, simulated |\n| --- | --- | --- |')
const answering = window - CALIBRATION_DEFAULTS.latencySeconds
for (const factor of [1.5, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.25]) {
  const computed = passProbability({ work, count, rate: RATE * factor, seconds: answering })
  const simulated = share(HONEST, () => secondsFor(RATE * factor, 1) <= answering)
  const shown = factor === 1 ? `1 − ${(1 - computed).toExponential(1)}` : percent(computed)
  console.log(`| ${factor} | ${shown} | ${percent(simulated)} |`)
}

console.log(
  '\n| Rate of one machine | solutions a window | seats it holds up, c / f | simulated, three years |\n| --- | --- | --- | --- |',
)
for (const factor of [1, 2, 4, 10]) {
  // Without latency and luck: how many solutions fit into the window on average.
  const solutions = Math.floor((window * RATE * factor) / (Number(work) * count))
  const means = Array.from({ length: RUNS }, () => hold(solutions))
  const mean = means.reduce((sum, value) => sum + value, 0) / RUNS
  console.log(
    `| ${factor} | ${solutions} | ${seatsHeldUp(solutions, QUALIFICATION_DEFAULTS.fractionBps).toFixed(1)} | ${mean.toFixed(1)} |`,
  )
}

/** Seats in the set on average: the machine joins with every solution that no selected seat needs. Bonds are no object. */
function hold(solutions: number): number {
  let seats = 0
  let sum = 0
  for (let check = 0; check < CHECKS; check++) {
    let selected = 0
    for (let seat = 0; seat < seats; seat++) if (roll() < FRACTION) selected += 1
    const kept = Math.min(selected, solutions)
    seats += solutions - kept - (selected - kept)
    sum += seats
  }
  return sum / CHECKS
}

console.log(
  '\n| Seats without a machine | lost a day for each, of its bond | bonded for each that is in |\n| --- | --- | --- |',
)
const aDay = 86_400 / QUALIFICATION_DEFAULTS.period
const lost = (FRACTION * aDay * QUALIFICATION_DEFAULTS.chargeBps) / 10_000
console.log(
  `| any number | ${percent(lost)} (half of it with an evictor of one's own) | ${(1 + FRACTION * COOLDOWN_CHECKS).toFixed(1)} bonds |`,
)
