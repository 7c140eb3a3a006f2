/** How every sequence begins: with seats, balances and keys, on chain and in the model. */
import { toBeHex } from 'ethers'
import { expect } from 'chai'

import type { Target } from './acts/call.js'
import { CHECKED, firstChoices, firstPolicy, PARAMETERS, PLAIN, VALIDATORS } from './parameters.js'
import { admit } from './protocol/access.js'
import { deposit } from './protocol/balances.js'
import { answer, NUMBER_BYTES, open, seedOf, solutionOf, start } from './protocol/checks.js'
import { stake } from './protocol/registry.js'
import { nameSubmitter } from './protocol/relay.js'
import type { Admission, Moment, Rewards, Rules, State } from './protocol/state.js'
import { LISTS } from './protocol/state.js'
import { PURSE, type World } from './World.js'

const DAY = 86_400
const SEATS_EACH = 2
/** Enough for an appeal to fifteen, without the operators that committed. */
const VALIDATORS_EACH = 4

type Send = (sender: string, target: Target, name: string, args: readonly unknown[], later?: number) => Promise<Moment>

/** Everything as the contracts have it after deployment. */
async function deployedState(world: World): Promise<State> {
  const supply = await world.contracts.token.totalSupply()
  const wallets = new Map(world.addresses.map((address) => [address, PURSE] as const))
  const token = { allowances: new Map<string, bigint>(), permits: new Map<string, number>() }
  const maps = { seats: new Map(), balances: new Map(), reports: new Map(), keys: new Map(), nonces: new Map() }
  const closed = (): Admission => ({ admitted: new Set(), isOpen: false })
  const lists = { Operators: closed(), Requesters: closed(), Deployers: closed() }
  lists.Deployers.admitted.add(world.owner)
  const guard = { guardian: undefined, offered: undefined, pausedUntil: new Map(), paused: new Set<number>() }
  const schedules = new Map([
    [CHECKED, { nextAt: await world.firstCheckAt(CHECKED), checks: [], policy: firstPolicy() }],
  ])
  const apart = {
    lists,
    guard,
    schedules,
    ...firstChoices(),
    rewards: fundedRewards(),
    owed: new Map<string, bigint>(),
    deployed: new Set<string>(),
  }
  return { jobs: [], ...maps, wallets, ...token, sets: [], supply, ...apart }
}

function fundedRewards(): Rewards {
  const { pool, budget, kappaBps, boostBps } = PARAMETERS.rewards
  const kappas = { kappaBps: BigInt(kappaBps), boostBps: BigInt(boostBps) }
  const sets = { programs: new Set<number>(), requesters: new Set<string>(), recorded: new Set<number>() }
  return { pool, budget, ...kappas, ...sets, running: undefined, epochs: new Map(), earnings: new Map() }
}

/** Every account is admitted, stakes, deposits and names a key; all but one pass a first check of machines. */
export async function begin(world: World, rules: Rules): Promise<State> {
  const state = await deployedState(world)
  const send: Send = async (sender, target, name, args, later = 1) => {
    const { now, block } = await world.head()
    const ended = await world.send({ sender, target, name, args }, now + later)
    expect(ended).to.have.property('events')
    return { caller: sender, now: now + later, block: block + 1, relayed: false }
  }
  for (const account of world.addresses) {
    for (const list of LISTS) {
      const [target, named] =
        list === 'Operators' ? (['registry', []] as const) : (['market', [LISTS.indexOf(list)]] as const)
      admit(state, rules, await send(world.owner, target, 'admit', [...named, account, true]), list, account, true)
    }
    stake(state, rules, await send(account, 'registry', 'stake', [PLAIN, SEATS_EACH, 0]), PLAIN, SEATS_EACH, 0n)
    stake(state, rules, await send(account, 'registry', 'stake', [CHECKED, 1, 0]), CHECKED, 1, 0n)
    const judges = await send(account, 'registry', 'stake', [VALIDATORS, VALIDATORS_EACH, 0])
    stake(state, rules, judges, VALIDATORS, VALIDATORS_EACH, 0n)
    deposit(state, await send(account, 'market', 'deposit', [account, PURSE / 4n]), PURSE / 4n)
    const until = (await world.head()).now + 300 * DAY
    const [key] = world.keys
    nameSubmitter(state, await send(account, 'relay', 'nameSubmitter', [key, until]), key!, until)
  }
  await firstCheck(world, rules, state, send)
  const [first] = world.addresses
  // So long after the genesis that no seat can have left the set just before it.
  await send(first!, 'market', 'withdraw', [first, 0], 4 * rules.epochLength)
  return state
}

async function firstCheck(world: World, rules: Rules, state: State, send: Send): Promise<void> {
  const keeper = world.stranger
  const { now } = await world.head()
  const { nextAt, checks } = state.schedules.get(CHECKED)!
  const later = Math.max(1, nextAt - now)
  open(state, rules, await send(keeper, 'qualification', 'open', [CHECKED], later), CHECKED)
  const [check] = checks
  await world.mine(rules.beaconLag + 1)
  const { block } = await world.head()
  start(
    state,
    await send(keeper, 'qualification', 'start', [CHECKED]),
    CHECKED,
    world.randomness(check!.round, block + 1),
  )
  const { work } = check!.policy
  const waiting = [...state.seats.values()].filter((seat) => seat.class === CHECKED)
  for (const { id, operator } of waiting.slice(1)) {
    const seed = seedOf(rules, check!, 1, state.seats.get(id)!)
    const solution = solutionOf(seed, work, true)
    const args = [id, toBeHex(solution, NUMBER_BYTES)]
    answer(state, rules, await send(operator!, 'qualification', 'answer', args), id, solution)
  }
}
