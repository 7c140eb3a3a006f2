/** Performs a step on the contracts and on the model, and checks that it ended the same way. */
import { expect } from 'chai'

import type { Call, Scene } from './acts/call.js'
import { actOf, callerFor, jobOf } from './acts/choose.js'
import { resolve } from './acts/resolve.js'
import type { Step } from './acts/step.js'
import { timeOf } from './acts/when.js'
import { beside, sendingOf, type Results } from './acts/ways.js'
import { compareOpenSlots } from './compare/workloads.js'
import { CHECKED } from './parameters.js'
import { current } from './protocol/judging.js'
import type { Rules, State } from './protocol/state.js'
import type { Ending, World } from './World.js'

/** How often each act ended how, and each way was gone. */
export type Tally = Map<string, number>

/** Performs one step. Returns the model's new state. */
export async function perform(world: World, rules: Rules, state: State, chosen: Step, done: Tally): Promise<State> {
  const { now: before, block: newest } = await world.head()
  const step = { ...chosen, act: actOf(state, rules, chosen, before, newest) }
  if (step.act === 'mine') {
    await world.mine(1 + (step.n % 5))
    return state
  }
  if (step.n % 8 > 0) await passRound(world, state, step)
  const caller = callerFor(world, state, step)
  const { now: last, block } = await world.head()
  const now = timeOf(state, rules, step, last)
  const scene: Scene = { world, state, rules, step, caller, block: block + 1, now }
  const calls = callsOf(scene)
  if (calls.length === 0) return state
  const sending = await sendingOf(scene, calls)
  const { play, items, ...sent } = sending
  const ended = await world.send(sent, now)
  const want = play(state, now, block + 1)
  const what = `${calls[0]!.name} (${sent.way}) for ${caller} at ${now}, workload ${calls[0]!.job}`
  expect(resultsOf(ended, items), what).to.deep.equal(want.results)
  for (const result of want.results) count(done, `${step.act} ${result}`)
  count(done, `way ${sent.way} ${want.error ?? 'ok'}`)
  if ('events' in ended) world.remember(ended.events)
  const job = jobOf(state, step)
  if (job !== undefined) await compareOpenSlots(world, want.state, job.number)
  return want.state
}

/** Lets the round of the newest check pass that is to start, or of the committee that is to be drawn. */
async function passRound(world: World, state: State, step: Step): Promise<void> {
  const job = jobOf(state, step)
  const attempts = job?.judging.attempts ?? []
  const round =
    step.act === 'startCheck'
      ? state.schedules.get(CHECKED)!.checks.at(-1)?.round
      : step.act === 'drawCommittee' && attempts.length > 0
        ? current(job!).attempt.round
        : undefined
  if (round === undefined) return
  const { block } = await world.head()
  await world.mine(Math.max(0, round - block))
}

/** The call of a step, with one or two like it for a batch. */
function callsOf(scene: Scene): Call[] {
  const more = 1 + (scene.step.n % 2)
  return [0, 1, 2].slice(0, 1 + more).flatMap((k) => resolve({ ...scene, step: beside(scene.step, k) }) ?? [])
}

/** Endings of the items as the contracts report them: errors alone, in order, each with what the item is called by. */
function resultsOf(ended: Ending, items: readonly number[] | undefined): Results {
  if ('error' in ended) return [ended.error]
  if (items === undefined) return ['ok']
  const failures = [...ended.failed]
  return items.map((item) => (failures[0]?.item === item ? failures.shift()!.error : 'ok'))
}

function count(done: Tally, what: string): void {
  done.set(what, (done.get(what) ?? 0) + 1)
}
