import { randomInt } from 'node:crypto'

/** Numbers that follow from one seed, so that a run can be repeated (mulberry32). */
export class Seeded {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0
  }

  /** A whole number from `least` to `most`. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1))
  }

  /** One of some. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)]
    if (item === undefined) throw new TypeError('there is nothing to pick from')
    return item
  }

  /** All of them in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const rest = [...items]
    return items.map(() => rest.splice(this.integer(0, rest.length - 1), 1)[0]!)
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of this run: `FAULT_SEED`, or a new one. A suite prints it, and a failed test says how to repeat it. */
export function faultSeed(): number {
  const given = process.env['FAULT_SEED']
  return given === undefined || given === '' ? randomInt(2 ** 31) : Number(given)
}

/** Whether everything is to be tried (`npm run test:faults`), not only what a seed chooses. */
export const IS_FULL = process.env['FAULTS'] === 'full'

/** The share of some cases that this process is to try: `FAULT_PART` is `<part>/<of>`; all of them without it. */
export function partOf<T>(cases: readonly T[]): T[] {
  const [part = 1, of = 1] = (process.env['FAULT_PART'] ?? '').split('/').filter(Boolean).map(Number)
  return cases.filter((_, index) => index % of === part - 1)
}
