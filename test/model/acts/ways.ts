/**
 * How a call reaches the contracts: directly, in a batch, by a submitter key, in a batch by one, or as a signed action that a stranger
 * sends, alone or with others. It must make no difference to what the call does.
 */
import * as relay from '../protocol/relay.js'
import { attempt, refuse, type Account, type Moment, type State } from '../protocol/state.js'
import type { SignedAction } from '../World.js'
import type { Call, Scene, Target } from './call.js'
import { choose, type Step } from './step.js'

/** How the items of a call ended: `ok` or an error for each. */
export type Results = readonly string[]

/** What is sent, and what the model does with it. */
export interface Sending {
  readonly way: string
  readonly sender: Account
  readonly target: Target
  readonly name: string
  readonly args: readonly unknown[]
  /** What the contracts call each item by when they report its error; undefined for a call that ends as a whole. */
  readonly items: readonly number[] | undefined
  readonly play: (state: State, now: number, block: number) => Played
}

/** What became of a sending in the model. */
export interface Played {
  readonly state: State
  /** Error of the whole sending. */
  readonly error: string | undefined
  readonly results: Results
}

const WAYS = ['batch', 'key', 'key', 'keyBatch', 'signed', 'signed', 'signedBatch', 'signedBatch', 'keySigned'] as const
/** Gas of a signed action: plenty, and more than a transaction has. */
const GAS = 2_000_000
const TOO_MUCH_GAS = 9_000_000

/** What a step is sent as, given the calls it came to, of which the first is there. */
export async function sendingOf(scene: Scene, calls: readonly Call[]): Promise<Sending> {
  const { step, caller } = scene
  const call = calls[0]!
  // The relay does not know the contract of rewards.
  const isDirect = call.target === 'rewards' ? step.way % 8 > 0 : step.way % 5 < 3
  const way = isDirect ? 'direct' : choose(WAYS, step.way >> 3)!
  const forMarket = calls.every(({ target }) => target === 'market')
  switch (way) {
    case 'batch':
      return forMarket ? batch(scene, calls) : direct(caller, call)
    case 'key':
      return byKey(scene, call)
    case 'keyBatch':
      return forMarket ? batchByKey(scene, calls) : byKey(scene, call)
    case 'signed':
      return signed(scene, call)
    case 'signedBatch':
      return signedBatch(scene, calls)
    case 'keySigned':
      return signedByKey(scene, call)
    case 'direct':
      return direct(caller, call)
  }
}

/** A step like this one about something else, for a batch. */
export function beside(step: Step, k: number): Step {
  return { ...step, job: step.job + 8 * k, seat: step.seat + 8 * k, n: step.n + k }
}

function whole(state: State, act: (copy: State) => void): Played {
  const { state: next, error } = attempt(state, act)
  return { state: next, error, results: [error ?? 'ok'] }
}

/** Items one after the other; one that is refused changes nothing for its neighbours. */
function oneByOne(state: State, acts: readonly ((copy: State) => void)[]): Played {
  const results: string[] = []
  let now = state
  for (const act of acts) {
    const { state: next, error } = attempt(now, act)
    now = next
    results.push(error ?? 'ok')
  }
  return { state: now, error: undefined, results }
}

function playAll(state: State, calls: readonly Call[], moment: Moment): Played {
  return oneByOne(
    state,
    calls.map((call) => (copy: State) => call.play(copy, moment)),
  )
}

function direct(sender: Account, { target, name, args, play }: Call): Sending {
  const moment = (now: number, block: number): Moment => ({ caller: sender, now, block, relayed: false })
  return {
    ...{ way: 'direct', sender, target, name, args, items: undefined },
    play: (state, now, block) => whole(state, (copy) => play(copy, moment(now, block))),
  }
}

function batch({ world, caller }: Scene, calls: readonly Call[]): Sending {
  return {
    ...{ way: 'batch', sender: caller, target: 'market', name: 'tryMany', items: [...calls.keys()] },
    args: [calls.map((call) => world.dataOf(call))],
    play: (state, now, block) => playAll(state, calls, { caller, now, block, relayed: false }),
  }
}

/** A key of the account, mostly; now and then one that is not. */
function keyOf({ world, state, caller, step: { n, way } }: Scene): Account {
  const named = [...(state.keys.get(caller)?.keys() ?? [])]
  return way % 3 > 0 && named.length > 0 ? choose(named, n)! : choose(world.keys, n)!
}

function byKey(scene: Scene, { target, name, args, play }: Call): Sending {
  const { world, caller } = scene
  const key = keyOf(scene)
  const data = world.dataOf({ target, name, args })
  return {
    ...{ way: 'key', sender: key, target: 'relay', name: 'act', items: undefined },
    args: [caller, world.contracts[target], data],
    play: (state, now, block) =>
      whole(state, (copy) => {
        relay.checkKey(copy, { caller: key, now, block, relayed: true }, caller)
        relay.checkAct(target, name)
        play(copy, { caller, now, block, relayed: true })
      }),
  }
}

function batchByKey(scene: Scene, calls: readonly Call[]): Sending {
  const { world, caller } = scene
  const key = keyOf(scene)
  return {
    ...{ way: 'keyBatch', sender: key, target: 'relay', name: 'actMany', items: [...calls.keys()] },
    args: [caller, calls.map((call) => world.dataOf(call))],
    play: (state, now, block) => {
      const { error } = attempt(state, (copy) => {
        relay.checkKey(copy, { caller: key, now, block, relayed: true }, caller)
        for (const { target, name } of calls) relay.checkAct(target, name)
      })
      return error === undefined
        ? playAll(state, calls, { caller, now, block, relayed: true })
        : { state, error, results: [error] }
    },
  }
}

/** A signed action, of which one in four is spoiled in some respect. */
async function actionOf(
  { world, state, step: { n, way }, now }: Scene,
  from: Account,
  { target, name, args }: Pick<Call, 'target' | 'name' | 'args'>,
  k: number,
): Promise<{ readonly signed: SignedAction; readonly action: relay.Action }> {
  const spoiled = choose(['', '', '', '', '', '', '', '', 'target', 'late', 'signer', 'nonce', 'gas'], (way >> 6) + k)!
  const used = [...(state.nonces.get(from) ?? [])]
  const nonce = spoiled === 'nonce' && used.length > 0 ? choose(used, n)! : n * 8 + k
  const known = target === 'token' || target === 'rewards' ? false : spoiled !== 'target'
  const deadline = spoiled === 'late' ? now - 1 : now + (n % 2)
  const hasGas = spoiled !== 'gas'
  const signer = spoiled === 'signer' ? world.stranger : from
  const to = known ? target : 'token'
  const data = world.dataOf({ target, name, args })
  const gas = hasGas ? GAS : TOO_MUCH_GAS
  return {
    signed: await world.sign(signer, { from, target: to, gas, nonce, deadline, data }),
    action: { from, isKnownTarget: known, nonce, deadline, isSigned: signer === from, hasGas },
  }
}

async function signed(scene: Scene, call: Call): Promise<Sending> {
  const { world, caller } = scene
  const { signed: one, action } = await actionOf(scene, caller, call, 0)
  return {
    ...{ way: 'signed', sender: world.stranger, target: 'relay', name: 'execute', items: undefined },
    args: [one.action, one.signature],
    play: (state, now, block) =>
      whole(state, (copy) => {
        relay.useAction(copy, now, action)
        call.play(copy, { caller, now, block, relayed: true })
      }),
  }
}

async function signedBatch(scene: Scene, calls: readonly Call[]): Promise<Sending> {
  const { world, caller, step } = scene
  const all = await Promise.all(calls.map(async (call, k) => ({ call, ...(await actionOf(scene, caller, call, k)) })))
  const missing = step.way % 23 === 0 ? 1 : 0
  return {
    ...{ way: 'signedBatch', sender: world.stranger, target: 'relay', name: 'executeMany' },
    items: all.map(({ action }) => action.nonce),
    args: [all.map((one) => one.signed.action), all.slice(missing).map((one) => one.signed.signature)],
    play: (state, now, block) => {
      const { error } = attempt(state, () => refuse(missing > 0, 'LengthMismatch'))
      if (error !== undefined) return { state, error, results: [error] }
      return oneByOne(
        state,
        all.map(({ call, action }) => (copy: State) => {
          // A batch looks at the gas first.
          refuse(!action.hasGas, 'ActionNeedsGas')
          relay.useAction(copy, now, action)
          call.play(copy, { caller, now, block, relayed: true })
        }),
      )
    },
  }
}

/** A submitter key that signs instead of sending. */
async function signedByKey(scene: Scene, { target, name, args, play }: Call): Promise<Sending> {
  const { world, caller } = scene
  const key = keyOf(scene)
  const inner = [caller, world.contracts[target], world.dataOf({ target, name, args })]
  const { signed: one, action } = await actionOf(scene, key, { target: 'relay', name: 'act', args: inner }, 0)
  return {
    ...{ way: 'keySigned', sender: world.stranger, target: 'relay', name: 'execute', items: undefined },
    args: [one.action, one.signature],
    play: (state, now, block) =>
      whole(state, (copy) => {
        relay.useAction(copy, now, action)
        relay.checkKey(copy, { caller: key, now, block, relayed: true }, caller)
        relay.checkAct(target, name)
        play(copy, { caller, now, block, relayed: true })
      }),
  }
}
