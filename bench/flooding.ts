/**
 * Simulates an attacker that keeps other seats busy with cheap workloads, so that draws pass them over and more of the others' work comes to
 * its own seats: what it wins, and from which price of that work on flooding pays. The draw's own rules, without a chain:
 * docs/threat-model.md holds the tables.
 */
import { dice } from './dice.js'

/** Seats of the class. */
const SEATS = 200
/** Workloads of the others in one run time, for each seat: a class that is busy a third of the time. */
const LOAD = 1 / 3
/** Steps of time in one run time; all workloads run for the whole of it. */
const STEPS = 20
/** Run times simulated, after some that fill the network; `TIMES` makes it shorter, and the figures rougher. */
const TIMES = Number(process.env['TIMES'] ?? 2_000)
const WARM_UP = 20
/** Candidates looked at for a slot. */
const CANDIDATES = 3
/** Shares of seats that the attacker has, and of the others' seats that it keeps busy. */
const SHARES = [0.01, 0.05, 0.1, 0.2] as const
const BUSY = [0, 0.25, 0.5, 0.75, 0.9, 1] as const

/**
 * Workloads of redundancy 1 that the attacker's seats prove in a run time. What is open because all candidates were busy goes to an idle seat of
 * its whenever there is one: the best it can hope for.
 * @param share Part of the seats that is its own.
 * @param flooded Part of the others that it keeps busy all the time.
 */
function won(share: number, flooded: number): number {
  const roll = dice(1)
  const own = Math.round(SEATS * share)
  const kept = Math.round((SEATS - own) * flooded)
  // Seats by number: the attacker's, then those it keeps busy, then the others. When each is free again, in steps.
  const freeAt = new Array<number>(SEATS).fill(0)
  const perStep = (SEATS * LOAD) / STEPS
  let due = 0
  let count = 0
  for (let step = 0; step < (WARM_UP + TIMES) * STEPS; step += 1) {
    const isIdle = (seat: number): boolean => (seat < own || seat >= own + kept) && (freeAt[seat] ?? 0) <= step
    for (due += perStep; due >= 1; due -= 1) {
      const candidates = new Set<number>()
      while (candidates.size < CANDIDATES) candidates.add(roll(SEATS))
      let winner = [...candidates].find(isIdle)
      for (let seat = 0; seat < own && winner === undefined; seat += 1) if (isIdle(seat)) winner = seat
      if (winner === undefined) continue
      freeAt[winner] = step + STEPS
      if (winner < own && step >= WARM_UP * STEPS) count += 1
    }
  }
  return count / TIMES
}

const percent = (part: number): string => `${Math.round(part * 100)} %`
console.log(`| Own seats | ${BUSY.map((busy) => `${percent(busy)} busy`).join(' | ')} |`)
for (const share of SHARES) {
  const own = Math.round(SEATS * share)
  const before = won(share, 0)
  const cells = BUSY.map((flooded) => {
    const after = won(share, flooded)
    if (flooded === 0) return after.toFixed(2)
    // A seat that is kept busy for a run time costs one fee: it pays from `ratio` such fees for a pot on.
    const ratio = Math.round((SEATS - own) * flooded) / (after - before)
    return `${after.toFixed(2)}, ${ratio.toFixed(ratio < 10 ? 1 : 0)}`
  })
  console.log(`| ${percent(share)} | ${cells.join(' | ')} |`)
}
