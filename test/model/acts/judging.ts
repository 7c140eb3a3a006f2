/** Acts of committees. Some agree with the proofs, some lie, some disagree, some are silent, by workload and attempt. */
import * as judging from '../protocol/judging.js'
import type { Account, Attempt, Job, State } from '../protocol/state.js'
import type { Call, Scene } from './call.js'
import { isGood } from './places.js'
import { choose } from './step.js'

/** The call of an act of a committee; undefined for other acts. */
export function judgingAct(scene: Scene, job: Job): Call | undefined {
  const { world, rules, caller, step } = scene
  const { number } = job
  const { spec } = world.jobs[number]!
  const call = { target: 'committee', name: step.act, job: number } as const
  switch (step.act) {
    case 'openJudging':
      return { ...call, name: 'open', args: [spec], play: (s, m) => judging.open(s, rules, m, number) }
    case 'drawCommittee':
      return draw(scene, job)
    case 'post':
      return post(scene, job)
    case 'appeal':
      return { ...call, args: [spec], play: (s, m) => judging.appeal(s, rules, m, number) }
    case 'equivocate':
      return equivocate(scene, job)
    case 'withdrawOwed':
      return { ...call, name: 'withdraw', args: [caller], play: (s, m) => judging.withdrawOwed(s, m) }
    default:
      return undefined
  }
}

/** The right lists, mostly; else one is short, in another order, or names a seat twice. */
function draw({ world, rules, step: { n }, block }: Scene, job: Job): Call {
  const { id, spec } = world.jobs[job.number]!
  const hidden = job.commits.filter(({ verdict }) => verdict === 'none').map(({ seat }) => seat)
  const wrong = n % 5 === 0 ? (n >> 3) % 4 : undefined
  const lists = {
    reveals: wrong === 0 ? job.reveals.slice(1) : wrong === 1 ? [...job.reveals].reverse() : job.reveals,
    unrevealed: wrong === 2 ? hidden.map(() => hidden[0]!) : wrong === 3 ? hidden.map(() => n % 20) : hidden,
  }
  const round = job.judging.attempts.length === 0 ? undefined : judging.current(job).attempt.round
  const randomness = round === undefined ? undefined : world.randomness(round, block)
  const play: Call['play'] = (s, m) => judging.draw(s, rules, m, job.number, lists, randomness, id)
  return { target: 'committee', name: 'draw', job: job.number, args: [spec, lists.reveals, lists.unrevealed], play }
}

/** What a member says: the truth; or the contrary, where its committee is bribed or divided. */
function opinion(job: Job, attempt: number, member: number): Set<number> {
  const mood = (job.number + attempt) % 4
  const lies = attempt === judging.APPEAL_NUMBER ? job.number % 5 === 0 : mood === 1 ? member % 2 === 0 : mood === 2
  const found = job.reveals.filter(({ order }) => isGood(job.number, job.commits[order]!.seat) !== lies)
  return new Set(found.map(({ order }) => order))
}

function contrary(job: Job, answer: ReadonlySet<number>): Set<number> {
  return new Set(job.reveals.map(({ order }) => order).filter((order) => !answer.has(order)))
}

interface Say {
  readonly member: number
  readonly valid: ReadonlySet<number>
  readonly signer: Account
}

function operatorOf(state: State, attempt: Attempt, member: number): Account | undefined {
  const seat = attempt.members[member]?.seat
  return seat === undefined ? undefined : state.seats.get(seat)!.operator
}

/** Verdicts of most members, of a few, or of hardly any; the first of them spoiled now and then. */
function post(scene: Scene, job: Job): Call {
  const { world, state, rules, step } = scene
  const { n } = step
  const { attempt, number } = job.judging.attempts.length === 0 ? NOT_YET : judging.current(job)
  // Committees that are silent together let attempts fail.
  const silent = (job.number + number) % 5 === 0 ? 3 : n % 3 === 0 ? 2 : 9
  const says = attempt.members.flatMap(({ answer }, member): Say[] => {
    const signer = operatorOf(state, attempt, member)
    if (signer === undefined || (n + member) % silent === 0) return []
    // Some that have answered say the contrary now.
    const turns = answer !== undefined && n % 4 === 0
    return [{ member, valid: turns ? contrary(job, answer) : opinion(job, number, member), signer }]
  })
  const spoiled = n % 7 === 0 ? spoil(world.stranger, says, n >> 3) : says
  const proofs = judging.chained(job.reveals)
  const ballots = spoiled.map(({ member, valid, signer }) =>
    world.ballot(signer, job.number, number, proofs, member, valid),
  )
  const play: Call['play'] = (s, m) => judging.post(s, rules, m, job.number, spoiled)
  return { target: 'committee', name: 'post', job: job.number, args: [world.jobs[job.number]!.id, ballots], play }
}

const NOT_YET = { attempt: { round: 0, epoch: 0, until: undefined, members: [] } as Attempt, number: 1 }

function spoil(stranger: Account, [first, ...others]: readonly Say[], n: number): readonly Say[] {
  if (first === undefined) return [{ member: n % 17, valid: new Set(), signer: stranger }]
  const wrong = [
    { ...first, member: n % 2 === 0 ? 15 : 16 },
    { ...first, signer: stranger },
    { ...first, valid: new Set([31]) },
  ]
  return [choose(wrong, n)!, ...others]
}

/** Two verdicts of a member, different ones mostly, both signed by its operator mostly. */
function equivocate({ world, state, rules, step: { n, seat } }: Scene, job: Job): Call {
  const all = [...job.judging.attempts.keys()].map((index) => index + 1)
  const numbers = job.judging.appeal === undefined ? all : [...all, judging.APPEAL_NUMBER]
  const number = choose(numbers, n) ?? 1
  const attempt = judging.attemptOf(job, number) ?? NOT_YET.attempt
  const member = attempt.members.length === 0 || n % 19 === 0 ? 16 : seat % attempt.members.length
  const signer = n % 11 === 0 ? world.stranger : (operatorOf(state, attempt, member) ?? world.stranger)
  const first: Say = { member, valid: opinion(job, number, member), signer }
  const second: Say = {
    ...first,
    member: n % 23 === 0 ? member + 1 : member,
    valid: new Set(n % 7 === 0 ? first.valid : [31]),
  }
  const proofs = judging.chained(job.reveals)
  const ballots = [first, second].map((one) => world.ballot(signer, job.number, number, proofs, one.member, one.valid))
  const play: Call['play'] = (s, m) => judging.slash(s, rules, m, job.number, number, first, second)
  const args = [world.jobs[job.number]!.id, number, ...ballots]
  return { target: 'committee', name: 'slash', job: job.number, args, play }
}
