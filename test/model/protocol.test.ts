/**
 * A second model of the protocol, in another language and from the design's words, beside the real contracts: random sequences of
 * acts end the same way on both, with the same error where they are refused, and leave the same state and the same money.
 *
 * `MODEL_RUNS` and `MODEL_STEPS` make it longer, `MODEL_SEED` repeats a run. A failure prints its seed and its shrunk steps; it is kept
 * as a named regression in regressions.ts.
 */
import { expect } from 'chai'
import fc from 'fast-check'

import { sequences, type Act, type Step } from './acts/step.js'
import { begin } from './begin.js'
import { compare } from './compare/index.js'
import { perform, type Tally } from './perform.js'
import type { Rules, State } from './protocol/state.js'
import { REGRESSIONS } from './regressions.js'
import { PURSE, World } from './World.js'

const ACCOUNTS = 6
const RUNS = Number(process.env['MODEL_RUNS'] ?? 20)
const STEPS = Number(process.env['MODEL_STEPS'] ?? 150)
const SEED = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31)
/** Finding a shorter failing sequence takes minutes. */
const SHRINK = process.env['MODEL_SHRINK'] !== '0'
/** Also ends the search for a shorter failing sequence. One sequence takes three seconds, and eight on a machine that is busy. */
const LIMIT_MS = Math.max(3_000_000, RUNS * 30_000)
const COMPARE_EVERY = 8

/** What happened in all random sequences together: a run that tries nothing proves nothing. */
const done: Tally = new Map()
/** Acts that have to succeed: of each part of the protocol the one that takes most of the others before it. */
const DEMANDED = [
  ...['assign', 'commit', 'revealToCommittee', 'settle', 'fail'],
  ...['openJudging', 'drawCommittee', 'post', 'appeal'],
  ...['openCheck', 'startCheck', 'answer', 'evict'],
  ...['record', 'claim'],
] as const satisfies readonly Act[]
/**
 * What a run has not met, some more are to meet, five sequences at a time: one sequence in four has a claim, one in three an appeal, so that
 * twenty without a claim are seen once in three hundred runs. Without one in sixty the generator does not make them.
 */
const MORE = 8
const MORE_RUNS = 5

function missing(): readonly Act[] {
  return DEMANDED.filter((act) => !done.has(`${act} ok`))
}

describe('model of the protocol', function () {
  this.timeout(LIMIT_MS + 600_000)
  let world: World
  let rules: Rules
  let back: () => Promise<void>
  let beginning: State

  before(async () => {
    world = await World.create(ACCOUNTS, PURSE)
    rules = await world.rules()
    beginning = await begin(world, rules)
    back = await world.snapshot()
  })

  /** Performs a whole sequence from the beginning. */
  async function sequence(steps: readonly Step[], done: Tally): Promise<void> {
    await back()
    let state = structuredClone(beginning)
    for (const [index, one] of steps.entries()) {
      const before = state
      state = await perform(world, rules, state, one, done)
      if (index % COMPARE_EVERY === 0 && state !== before) {
        const live = state.jobs.filter(({ phase }) => phase !== 'Final').map(({ number }) => number)
        await compare(world, state, rules, live)
      }
    }
    await compare(world, state, rules, state.jobs.keys())
  }

  for (const [name, { steps, ends }] of Object.entries(REGRESSIONS)) {
    it(`regression: ${name}`, async () => {
      const ended: Tally = new Map()
      await sequence(steps, ended)
      expect([...ended.keys()]).to.include.members(ends)
    })
  }

  it(`agrees with the contracts over ${RUNS} random sequences of about ${STEPS} acts, seed ${SEED}`, async () => {
    const limits = { interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: true, endOnFailure: !SHRINK }
    const agrees = fc.asyncProperty(sequences(2 * STEPS), (steps) => sequence(steps, done))
    await fc.assert(agrees, { numRuns: RUNS, seed: SEED, ...limits })
    for (let more = 1; more <= MORE && missing().length > 0; more += 1)
      await fc.assert(agrees, { numRuns: MORE_RUNS, seed: SEED + more, ...limits })
    expect(missing(), 'acts that no sequence performed').to.deep.equal([])
    if (process.env['MODEL_VERBOSE'] !== undefined)
      console.log(
        [...done]
          .sort()
          .map((pair) => pair.join(' '))
          .join('\n'),
      )
  })
})
