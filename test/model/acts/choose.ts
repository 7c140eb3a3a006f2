/** Chooses what a step is about, so that most steps mean something. */
import { CHECKED } from '../parameters.js'
import { isSelected } from '../protocol/checks.js'
import * as judging from '../protocol/judging.js'
import { epochAt, isHeld, termsOf } from '../protocol/registry.js'
import type { Account, Job, Place, Rules, Seat, State } from '../protocol/state.js'
import { areRevealsOver, isOpen, openSlots, placeOf } from '../protocol/work.js'
import type { World } from '../World.js'
import { choose, type Act, type Step } from './step.js'

/** Workloads that run at the same time, unless a wild step adds one. */
const MOST_LIVE = 3

/** What usually makes sense for a workload in a phase; several times means more often. */
const FITTING = {
  none: ['submit', 'submit', 'submit', 'submitMany', 'clear', 'slash', 'fail', 'join', 'stake'],
  late: ['settle', 'settle', 'assign', 'cancel'],
  ahead: ['mine', 'mine', 'mine', 'mine', 'assign', 'submit', 'cancel'],
  pending: ['assign', 'assign', 'assign', 'assignMany', 'submit', 'cancel'],
  open: [
    ...['accept', 'accept', 'commit', 'commit', 'commit', 'commit', 'commitOpen', 'commitOpen', 'submitProof'],
    // Possible at redundancy 1 alone, and before anybody commits: else hardly any sequence would have one that succeeds.
    ...['submitProof', 'submitProof', 'submitProof', 'submitProof', 'submitProof', 'submitProof'],
    ...['decline', 'fail', 'fail', 'submit', 'release', 'release', 'cancel', 'cancel'],
  ],
  unjudged: ['openJudging', 'openJudging', 'openJudging', 'openJudging', 'settle', 'submit', 'slash'],
  drawing: ['drawCommittee', 'drawCommittee', 'drawCommittee', 'drawCommittee', 'submit', 'openJudging'],
  voting: [
    'post',
    'post',
    'post',
    'post',
    'post',
    'post',
    'settle',
    'appeal',
    'openJudging',
    'openJudging',
    'equivocate',
    'submit',
  ],
  appealable: ['appeal', 'appeal', 'appeal', 'settle', 'settle', 'equivocate', 'submit'],
  revealed: ['settle', 'settle', 'settle', 'slash', 'fail', 'decline', 'submit'],
  closed: [
    'reveal',
    'reveal',
    'reveal',
    'reveal',
    'reveal',
    'openJudging',
    'settle',
    'slash',
    'fail',
    'decline',
    'submit',
  ],
} as const satisfies Record<string, readonly Act[]>

/** The same, where most acts are to bring a judging on. */
const JUDGES: Readonly<Partial<Record<keyof typeof FITTING, readonly Act[]>>> = {
  none: ['submit'],
  late: ['settle'],
  ahead: ['mine'],
  pending: ['assign'],
  open: ['commit', 'commit', 'commit', 'commit', 'commit', 'commitOpen', 'accept', 'release', 'release', 'fail'],
  closed: ['reveal', 'reveal', 'reveal', 'reveal', 'reveal', 'reveal', 'openJudging'],
  unjudged: ['openJudging'],
  drawing: [...Array.from({ length: 12 }, () => 'drawCommittee' as const), 'openJudging'],
  voting: ['post', 'post', 'post', 'post', 'appeal', 'appeal', 'equivocate'],
  appealable: ['appeal', 'appeal', 'appeal', 'appeal', 'settle', 'equivocate'],
  revealed: ['settle'],
}

const JUDGING = {
  ...({ None: 'unjudged', Failed: 'unjudged', Drawing: 'drawing', Voting: 'voting' } as const),
  ...({ Appealable: 'appealable', Final: 'revealed', GivenUp: 'revealed' } as const),
}

function stageOf(job: Job | undefined, rules: Rules, now: number, block: number): keyof typeof FITTING {
  if (job === undefined || job.phase === 'Final') return 'none'
  if (job.phase === 'Proving' && isOpen(job, now)) return 'open'
  if (job.phase === 'Proving') {
    if (!areRevealsOver(job, now)) return 'closed'
    return job.reveals.length === 0 ? 'revealed' : JUDGING[judging.stageOf(job, rules, now)]
  }
  if (epochAt(rules, now) > job.epoch + 3) return 'late'
  return block < job.round ? 'ahead' : 'pending'
}

/** Whether there is a seat for an act, or a commit to release or not. */
function isPossible(state: State, act: Act, job: Job, now: number): boolean {
  if (act === 'release') return job.commits.length > 0
  if (act === 'cancel') return job.commits.length === 0
  if (act === 'commitOpen') return openSlots(job, now) > 0
  if (act === 'submitProof' && (job.judged || job.redundancy > 1)) return false
  if (act === 'commit')
    return (job.judged || job.redundancy > 1 || openSlots(job, now) > 0) && hasPlace(state, job, act)
  return hasPlace(state, job, act)
}

function hasPlace(state: State, job: Job, act: Act): boolean {
  const states = STATES[act]
  if (states === undefined) return true
  return [...state.seats.keys()].some((seat) => states.includes(placeOf(state, seat, job)?.state as Place['state']))
}

/** States of a place in which an act usually makes sense. */
const STATES: Readonly<Partial<Record<Act, readonly Place['state'][]>>> = {
  accept: ['Assigned'],
  decline: ['Assigned'],
  slash: ['Assigned'],
  fail: ['Assigned', 'Accepted'],
  commit: ['Assigned', 'Accepted'],
  submitProof: ['Assigned', 'Accepted'],
  reveal: ['Committed'],
  revealToCommittee: ['Committed'],
}

/** What usually makes sense for the checks of machines. */
function checkActs(state: State, now: number): readonly Act[] {
  const { nextAt, checks } = state.schedules.get(CHECKED)!
  const newest = checks.at(-1)
  if (newest === undefined || now >= nextAt) return ['openCheck']
  if (newest.startedAt === undefined) return now > newest.startBy ? ['startCheck', 'openCheck'] : ['startCheck']
  const { window } = newest.policy
  if (now <= newest.startedAt + window) return ['answer', 'answer', 'answer', 'excuse', 'evict', 'evict']
  return ['evict', 'evict', 'openCheck', 'join', 'topUp', 'leave', 'withdrawSeat']
}

const MONEY_ACTS = ['permit', 'permit', 'permit', 'approve', 'deposit', 'withdraw'] as const

/** What usually makes sense for network rewards: receipts that nobody recorded, then points that turned into money. */
function rewardActs({ rewards: { recorded, earnings }, jobs, owed }: State): readonly Act[] {
  const acts: Act[] = ['fund', 'setRewards', 'listProgram', 'listRequester', 'record', 'claim']
  const isFresh = jobs.some(({ receipt, number }) => receipt !== undefined && !recorded.has(number))
  const earned = [...earnings.values()].some(({ points, due }) => points + due > 0n)
  if (isFresh) acts.push('record', 'record', 'record', 'record', 'record')
  if (earned) acts.push('claim', 'claim', 'claim', 'claim', 'claim')
  if ([...owed.values()].some((amount) => amount > 0n)) acts.push('withdrawOwed', 'withdrawOwed')
  return acts
}

const CHOICES = ['addRules', 'addRules', 'setTerms', 'setTerms', 'setTerms', 'setBond', 'setPolicy'] as const

/** What usually makes sense for who may begin something. */
function guardActs({ guard: { guardian, offered, paused } }: State): readonly Act[] {
  if (offered !== undefined) return ['acceptGuardian', 'acceptGuardian', 'setGuardian']
  if (guardian === undefined) return ['setGuardian', 'setGuardian', 'pause', 'admit', 'deploy']
  return paused.size > 0
    ? ['liftPause', 'liftPause', 'pause', 'admit']
    : ['pause', 'pause', 'admit', 'deploy', 'liftPause']
}

/** The act of a step, given where its workload and the checks stand at a time and after a block. */
export function actOf(state: State, rules: Rules, one: Step, now: number, block: number): Act {
  if (one.wild && (!one.judges || one.when % 3 === 0)) return one.act
  // They take time, more than a judging leaves.
  if (one.way % 6 === 0 && !one.judges) return choose(checkActs(state, now), one.who)!
  if (one.way % 13 === 1) return choose(guardActs(state), one.who)!
  if (one.way % 13 === 2 || (one.judges && one.way % 13 === 5)) return choose(rewardActs(state), one.who)!
  if (one.way % 13 === 3) return choose(CHOICES, one.who)!
  if (one.way % 13 === 4) return choose(MONEY_ACTS, one.who)!
  const job = jobOf(state, one)
  const stage = stageOf(job, rules, now, block)
  const fitting: readonly Act[] = (one.judges ? JUDGES[stage] : undefined) ?? FITTING[stage]
  const possible = fitting.filter((act) => job === undefined || isPossible(state, act, job, now))
  const act = choose(possible.length > 0 ? possible : fitting, one.who)!
  const live = state.jobs.filter(({ phase }) => phase !== 'Final').length
  if (act === 'reveal' && job?.judged === true) return 'revealToCommittee'
  return ['submit', 'submitMany'].includes(act) && live >= MOST_LIVE ? 'assign' : act
}

/** The workload a step is about: mostly a live one, and often one that a committee is to judge, which takes many acts. */
export function jobOf(state: State, { job, judges }: Step): Job | undefined {
  const live = state.jobs.filter(({ phase }) => phase !== 'Final')
  const shown = live.filter(({ reveals }) => reveals.length > 0)
  if (judges && job % 8 > 0) return shown[0] ?? live[0]
  if (job % 3 === 1 && shown.length > 0) return choose(shown, job >> 3)
  return live.length > 0 && job % 5 !== 0 ? choose(live, job >> 3) : choose(state.jobs, job >> 3)
}

/** The seat a step is about: mostly one with a place in the workload; for an open commit mostly one without. */
export function seatOf(state: State, { act, seat }: Step, job: Job | undefined): Seat | undefined {
  const all = [...state.seats.values()]
  if (seat % 6 === 0) return choose(all, seat >> 3)
  const fit = all.filter((one) => one.status !== 'None' && isFit(state, act, one, job))
  return choose(fit.length > 0 ? fit : all, seat >> 3)
}

function isFit(state: State, act: Act, seat: Seat, job: Job | undefined): boolean {
  switch (act) {
    case 'answer':
      return seat.class === CHECKED && (seat.status === 'Inactive' || isAsked(state, seat))
    case 'excuse':
      return seat.class === CHECKED && isHeld(seat) && isAsked(state, seat)
    case 'commitOpen':
      return job === undefined || (seat.class === job.class && placeOf(state, seat.id, job) === undefined)
    case 'join':
    case 'withdrawSeat':
      return seat.status !== 'Active'
    case 'topUp':
      return seat.bond < termsOf(state, seat).bond
    default: {
      if (job === undefined) return true
      const place = placeOf(state, seat.id, job)
      return place !== undefined && (STATES[act]?.includes(place.state) ?? true)
    }
  }
}

/** Whether the newest check asks the seat. */
function isAsked(state: State, seat: Seat): boolean {
  const check = state.schedules.get(seat.class)?.checks.at(-1)
  return check?.seed !== undefined && isSelected(check, seat)
}

const OF_SEAT: ReadonlySet<Act> = new Set<Act>([
  ...(['accept', 'commit', 'commitOpen', 'reveal', 'revealToCommittee', 'submitProof', 'decline', 'fail'] as const),
  ...(['join', 'leave', 'topUp', 'withdrawSeat', 'answer', 'excuse'] as const),
])
const OF_OWNER: ReadonlySet<Act> = new Set<Act>([
  ...(['admit', 'openList', 'setGuardian', 'setRewards', 'listProgram', 'listRequester'] as const),
  ...(['addRules', 'setTerms', 'setBond', 'setPolicy'] as const),
])
const OF_GUARDIAN: ReadonlySet<Act> = new Set<Act>(['pause', 'liftPause'])

/** Whose act a step is: mostly that of the account for which it makes sense. */
export function callerFor(world: World, state: State, step: Step): Account {
  const job = jobOf(state, step)
  const seat = seatOf(state, step, job)
  const { act, who } = step
  const anyone = choose(world.addresses, who >> 3)!
  if (who % 8 === 0) return anyone
  if (act === 'release' || act === 'cancel') return job?.requester ?? anyone
  if (OF_OWNER.has(act)) return world.owner
  if (OF_GUARDIAN.has(act)) return state.guard.guardian ?? anyone
  if (act === 'withdrawOwed') return [...state.owed].find(([, amount]) => amount > 0n)?.[0] ?? anyone
  if (act === 'acceptGuardian') return state.guard.offered ?? anyone
  if (!OF_SEAT.has(act)) return anyone
  const place = job === undefined || seat === undefined ? undefined : placeOf(state, seat.id, job)
  return place?.operator ?? seat?.operator ?? anyone
}
