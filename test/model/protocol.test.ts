/**
 * A second model of the protocol, in another language and from the design's words, beside the real contracts: random sequences of
 * acts end the same way on both, with the same error where they are refused, and leave the same state and the same money.
 *
 * `MODEL_RUNS` and `MODEL_STEPS` make it longer, `MODEL_SEED` repeats a run. A failure prints its seed and its shrunk steps; it is kept
 * as a named regression in regressions.ts.
 */
import { expect } from 'chai'
import fc from 'fast-check'

import { actOf, callerFor, farEdges, jobOf, nearEdges, resolve, seatOf, step, type Step } from './acts.js'
import { compare, compareOpenSlots } from './compare.js'
import { REGRESSIONS } from './regressions.js'
import { stake } from './registry.js'
import { Refused, type Job, type Rules, type State } from './state.js'
import { deadline } from './work.js'
import { PURSE, World } from './World.js'

const ACCOUNTS = 6
const SEATS_EACH = 2
const RUNS = Number(process.env['MODEL_RUNS'] ?? 12)
const STEPS = Number(process.env['MODEL_STEPS'] ?? 150)
const SEED = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31)
/** Also ends the search for a shorter failing sequence. */
const LIMIT_MS = 3_000_000
const COMPARE_EVERY = 8

/** What happened in all sequences together: a run that tries nothing proves nothing. */
const done = new Map<string, number>()

describe('model of the protocol', function () {
  this.timeout(3_600_000)
  let world: World
  let rules: Rules
  let back: () => Promise<void>
  let beginning: State

  before(async () => {
    world = await World.create(ACCOUNTS, PURSE)
    rules = await world.rules()
    beginning = await emptyState()
    await begin()
    back = await world.snapshot()
  })

  /** Everything as the contracts have it after deployment. */
  async function emptyState(): Promise<State> {
    const supply = await world.contracts.token.totalSupply()
    const wallets = new Map(world.accounts.map(({ address }) => [address, PURSE] as const))
    const maps = { seats: new Map(), balances: new Map(), reports: new Map() } as const
    return { jobs: [], ...maps, wallets, sets: [], supply }
  }

  /** Every account stakes and deposits, on chain and in the model. */
  async function begin(): Promise<void> {
    for (const account of world.accounts) {
      for (let seat = 0; seat < SEATS_EACH; seat += 1) {
        const { now, block } = await world.head()
        const ended = await world.send(account, world.contracts.registry, 'stake', [1, 1, 0], now + 1)
        expect(ended).to.have.property('events')
        stake(beginning, rules, { caller: account.address, now: now + 1, block: block + 1 }, 0n)
      }
      const { now } = await world.head()
      const amount = PURSE / 4n
      await world.send(account, world.contracts.market, 'deposit', [account.address, amount], now + 1)
      beginning.wallets.set(account.address, beginning.wallets.get(account.address)! - amount)
      beginning.balances.set(account.address, { free: amount, nonce: 0, toBurn: 0n })
    }
    const { now } = await world.head()
    await world.send(world.accounts[0]!, world.contracts.market, 'withdraw', [world.accounts[0]!.address, 0], now + 61)
  }

  /** Performs one step on both and checks that it ended the same way. Returns the model's new state. */
  async function perform(state: State, chosen: Step): Promise<State> {
    const { now, block } = await world.head()
    const one = { ...chosen, act: actOf(state, rules, chosen, now) }
    if (one.act === 'mine') {
      await world.mine(1 + (one.n % 5))
      return state
    }
    const caller = callerFor(state, one, [...state.wallets.keys()])
    const job = jobOf(state, one)
    const at = timeOf(state, one, job, now)
    const randomness = job === undefined ? undefined : await world.randomness(job.round, block + 1)
    const resolved = resolve(world, state, rules, one, caller, randomness)
    if (resolved === undefined) return state
    const accounts = world.accounts.map(({ address }) => address)
    const args = resolved.args.map((arg) => (arg === 'caller' ? caller : arg === 'everyone' ? accounts : arg))
    const signer = world.accounts.find(({ address }) => address === caller)!
    const ended = await world.send(signer, world.contracts[resolved.target], resolved.name, args, at)
    const next = structuredClone(state)
    const want = play(() => resolved.play(next, { caller, now: at, block: block + 1 }))
    const have = 'error' in ended ? ended.error : 'ok'
    expect(have, `${resolved.name} by ${caller} at ${at}, workload ${resolved.job}`).to.equal(want)
    done.set(`${one.act} ${have}`, (done.get(`${one.act} ${have}`) ?? 0) + 1)
    if ('events' in ended) world.remember(ended.events)
    const after = want === 'ok' ? next : state
    if (job !== undefined) await compareOpenSlots(world, after, rules, job.number)
    return after
  }

  /** The second of an act: mostly soon, often one second before, at or after an edge. */
  function timeOf(state: State, one: Step, job: Job | undefined, now: number): number {
    const near = nearEdges(rules, job, now)
    const revealFrom = job?.phase === 'Proving' ? deadline(job) + rules.revealDelay : 0
    if (one.act === 'reveal' && now <= revealFrom && one.when % 3 > 0) return revealFrom + 1 + (one.when % 5)
    const far = farEdges(rules, job, seatOf(state, one, job), now)
    const edge =
      one.when % 61 === 0 ? far[one.when % far.length] : one.when % 7 === 0 ? near[one.when % near.length] : undefined
    return edge === undefined ? now + 1 + (one.when % 3) : edge + one.edge
  }

  function play(act: () => void): string {
    try {
      act()
      return 'ok'
    } catch (error) {
      if (error instanceof Refused) return error.error
      throw error
    }
  }

  /** Performs a whole sequence from the beginning. */
  async function sequence(steps: readonly Step[]): Promise<void> {
    await back()
    let state = structuredClone(beginning)
    for (const [index, one] of steps.entries()) {
      const before = state
      state = await perform(state, one)
      if (index % COMPARE_EVERY === 0 && state !== before) {
        const live = state.jobs.filter(({ phase }) => phase !== 'Final').map(({ number }) => number)
        await compare(world, state, rules, live)
      }
    }
    await compare(world, state, rules, state.jobs.keys())
  }

  for (const [name, steps] of Object.entries(REGRESSIONS)) {
    it(`regression: ${name}`, async () => sequence(steps))
  }

  it(`agrees with the contracts over ${RUNS} random sequences of about ${STEPS} acts, seed ${SEED}`, async () => {
    // Of any length, so that a failing one can be cut.
    const sequences = fc.array(step, { minLength: 1, maxLength: 2 * STEPS, size: 'max' })
    const limits = { interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: true }
    await fc.assert(fc.asyncProperty(sequences, sequence), { numRuns: RUNS, seed: SEED, ...limits })
    for (const act of ['assign', 'commit', 'commitOpen', 'reveal', 'settle', 'fail', 'decline']) {
      expect(done.get(`${act} ok`) ?? 0, `successful calls of ${act}`).to.be.greaterThan(0)
    }
    if (process.env['MODEL_VERBOSE'] !== undefined)
      console.log(
        [...done]
          .sort()
          .map((pair) => pair.join(' '))
          .join('\n'),
      )
  })
})
