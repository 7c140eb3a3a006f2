import type { Act } from './Act.js'
import type { Job } from './Job.js'
import type { JobFacts, JobPolicy } from './JobFacts.js'
import { canBecome, isOver, type JobState } from './transitions.js'

/**
 * What to do next for a job. A pure function: the same facts always give the same act, and every act can be repeated. The
 * chain's slot word decides; the record only says what the worker wanted.
 */
export function decide(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  const back = backOf(job, facts)
  if (back !== undefined) return { do: 'become', state: back, why: 'the chain shows the seat in the work again' }
  const act = decideByPhase(job, facts, policy)
  // Who has ended says nothing more: what it owes it would have been taken back for.
  return job.closed && isOver(job.state) && !FOR_CLOSED.includes(act.do) ? { do: 'wait' } : act
}

const FOR_CLOSED: readonly Act['do'][] = ['wait', 'clear', 'close']

function decideByPhase(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  const isUndone = !job.open && !facts.drawn && facts.slot.state === 'Free'
  switch (facts.workload.phase) {
    case 'None':
    case 'Pending':
      // Otherwise the stored events are ahead of the node that answered.
      return isUndone ? close(job, 'lost', 'the draw was undone') : { do: 'wait' }
    case 'Proving':
      if (isUndone) return facts.drawKnown ? close(job, 'lost', 'others were drawn instead') : { do: 'wait' }
      return decideProving(job, facts, policy)
    case 'Final':
      return decideFinal(job, facts)
  }
}

/**
 * The state that an ended job goes back to. The end may have been undone by a reorg, or been a wrong time's: what the slot word shows as owed, or as
 * shown, is so whatever the record says.
 */
function backOf(job: Job, facts: JobFacts): JobState | undefined {
  const { slot, workload, now, rules, commitment, proofKept } = facts
  if (!isOver(job.state) || workload.phase === 'None' || workload.phase === 'Pending') return undefined
  // A node that lags behind the stored events.
  if (facts.finished && workload.phase !== 'Final') return undefined
  switch (slot.state) {
    case 'Assigned':
    case 'Accepted': {
      if (facts.declined || !owesAnswer(facts)) return undefined
      // Its answer is on its way, and is repeated until the chain has it.
      if (!job.closed && (job.state === 'declined' || job.state === 'failed')) return undefined
      // What it has committed to is gone, so there is nothing left but to report it.
      if (!job.closed && job.state === 'expired' && commitment !== undefined && !proofKept) return undefined
      return 'assigned'
    }
    case 'Committed': {
      const until = workload.deadline + rules.revealDelay + rules.revealWindow
      const isOurs = commitment !== undefined && commitment === slot.payload
      return workload.phase === 'Proving' && isOurs && proofKept && now <= until ? 'committed' : undefined
    }
    case 'Valid':
    case 'Revealed':
      return workload.phase === 'Proving' ? 'revealed' : undefined
    case 'Free':
      return workload.phase === 'Final' && facts.finished && isPaidOtherwise(job, facts) ? 'committed' : undefined
    case 'Invalid':
    case 'Failed':
      return undefined
  }
}

/** Whether the chain tells another rank or pay than the record of an ended job. */
function isPaidOtherwise({ state, rank, paid }: Job, { settlement }: JobFacts): boolean {
  if (settlement === undefined || settlement.rank === 0) return state === 'settled'
  return settlement.rank !== rank || settlement.paid !== paid
}

/** Whether a seat that holds a slot has to answer, or can still prove. */
function owesAnswer(facts: JobFacts): boolean {
  const { slot, workload, now } = facts
  if (workload.phase === 'Proving' && !isClosed(facts)) return true
  if (workload.dutyEnded) return false
  return slot.state === 'Assigned' ? now <= silentAt(facts) : workload.phase === 'Proving'
}

/** Seconds kept from a deadline: at most a tenth of the run time, so that short work is possible at all. */
export function safetyOf(facts: Pick<JobFacts, 'terms'>, policy: Pick<JobPolicy, 'safetySeconds'>): number {
  return Math.min(policy.safetySeconds, Math.ceil(facts.terms.maxRunTime / 10))
}

/** Last second (chain time) in which a commitment may wait for something: half of the distance is left for its transaction. */
export function lastWaitSecond(
  facts: Pick<JobFacts, 'terms' | 'workload'>,
  policy: Pick<JobPolicy, 'safetySeconds'>,
): number {
  return facts.workload.deadline - Math.ceil(safetyOf(facts, policy) / 2)
}

/** Last second (chain time) for a program to run. */
export function lastRunSecond(facts: Pick<JobFacts, 'terms' | 'workload'>, policy: JobPolicy): number {
  return facts.workload.deadline - safetyOf(facts, policy)
}

function decideProving(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  switch (facts.slot.state) {
    case 'Free':
      return job.open ? decideOpen(job, facts, policy) : decideGone(job, facts)
    case 'Assigned':
    case 'Accepted':
      return decideHeld(job, facts, policy)
    case 'Committed':
      return decideCommitted(job, facts, policy)
    case 'Valid':
    case 'Revealed':
      if (job.state === 'committed') return { do: 'become', state: 'revealed', why: 'the proof is on chain' }
      // What a committee cannot fetch counts as invalid, whoever has revealed it, and when.
      return { do: facts.slot.state === 'Revealed' ? 'place' : 'wait' }
    case 'Invalid':
      return isOver(job.state) ? { do: 'wait' } : { do: 'become', state: 'lost', why: 'the proof was judged invalid' }
    case 'Failed':
      return { do: 'wait' }
  }
}

/** The seat was drawn but holds no slot any more. */
function decideGone(job: Job, facts: JobFacts): Act {
  if (facts.declined) return close(job, 'declined', 'declined')
  if (facts.now > silentAt(facts)) return close(job, 'expired', 'no answer in the silence window')
  return { do: 'wait' }
}

/** The seat owes an answer or a proof. */
function decideHeld(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  const { now, slot, workload } = facts
  if (isClosed(facts)) {
    // After a release nobody owes anything, and a report now would only count as a miss.
    if (workload.dutyEnded) return { do: 'wait' }
    if (slot.state === 'Assigned' && now > silentAt(facts)) return { do: 'wait' }
    return { do: 'fail', reason: 'OutOfTime', why: job.state === 'failed' ? (job.why ?? '') : 'commits are closed' }
  }
  switch (job.state) {
    case 'proved':
    case 'committed':
    case 'revealed':
      return { do: canSubmit(facts) ? 'submit' : 'commit' }
    case 'declined':
      if (slot.state === 'Assigned') return decline(facts, job.why ?? '')
      return { do: 'fail', reason: 'OutOfTime', why: job.why ?? '' }
    case 'failed':
      return { do: 'fail', reason: job.failReason ?? 'OutOfTime', why: job.why ?? '' }
    case 'lost':
    case 'settled':
    case 'expired':
      return { do: 'fail', reason: 'OutOfTime', why: 'the seat has given up' }
    case 'assigned':
    case 'fetching':
    case 'running':
      return decideUnproved(job, facts, policy)
  }
}

function decideUnproved(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  const { now, slot, workload, refusal, expectedSeconds } = facts
  const window = responseWindowOf(facts)
  const isUnanswered = slot.state === 'Assigned'
  const isAsked = job.state === 'assigned' && isUnanswered
  const mayPass = facts.refusalPasses === true && now < answerBy(facts, policy)
  if (isAsked && refusal !== undefined && !mayPass) return decline(facts, refusal)
  // Later the acceptance may be on its way.
  const isFree =
    job.state === 'assigned' || (job.state === 'fetching' && now < workload.startedAt + Math.floor(window / 2))
  const late = isUnanswered && isFree ? whyTooLate(facts, policy) : undefined
  // By runs of before. This one may end in time all the same, which costs less than a drop if it does not.
  if (late !== undefined && facts.declineDrops !== true) return { do: 'decline', why: late }
  if (isAsked && facts.unapproved) {
    const until = answerBy(facts, policy)
    // Silence is never the answer.
    if (now >= until) return decline(facts, 'nobody approved it in the response window')
    return { do: 'ask', until }
  }
  if (isHopeless(job, facts, policy)) return { do: 'fail', reason: 'OutOfTime', why: 'no proof before the deadline' }
  if (isAsked && refusal !== undefined) return { do: 'wait' }
  // A commit is an acceptance too, so short work needs none; half the window is left for the transaction to be mined.
  const isLong = job.state === 'running' && expectedSeconds !== undefined && expectedSeconds > window / 2
  const acceptAt = workload.startedAt + (isLong ? 0 : Math.floor(window / 2))
  if (isUnanswered && now >= acceptAt) return { do: 'accept' }
  return { do: 'work' }
}

/**
 * Answers that the seat does not work for it. One decline above the quota drops the seat for a cooldown, and a fail is a miss only if somebody proves; but
 * the operator's own word is kept.
 */
function decline({ declineDrops, operatorDeclined }: JobFacts, why: string): Act {
  if (declineDrops !== true || operatorDeclined === true) return { do: 'decline', why }
  return { do: 'fail', reason: 'OutOfTime', why: `${why}; one more decline this week would drop the seat` }
}

/**
 * Why a run would not end in time, after what has the room before it. What never ran here is tried. The shortest run counts: inputs differ, what is
 * declined adds no run that could show it, and anybody can pay for one long run.
 */
function whyTooLate(facts: JobFacts, policy: JobPolicy): string | undefined {
  const { now, leastSeconds = 0, waitSeconds = 0, ranSeconds = 0 } = facts
  const left = Math.max(0, leastSeconds - ranSeconds)
  if (waitSeconds + left === 0 || now + waitSeconds + left <= lastRunSecond(facts, policy)) return undefined
  const run = `a run takes ${Math.ceil(leastSeconds)} s here`
  if (waitSeconds === 0) return `${run}, more than is left`
  const wait = `other work takes ${Math.ceil(waitSeconds)} s before it`
  return leastSeconds === 0 ? `${wait}, more than is left` : `${run} and ${wait}, more than is left`
}

/**
 * Whether no proof can be made in time any more. A seat that gives up what it has taken on may have a miss, so only the shortest run
 * counts; but a run that cannot end only takes the room from others.
 */
function isHopeless(job: Job, facts: JobFacts, policy: JobPolicy): boolean {
  const { now, leastSeconds = 0, isWaiting = false } = facts
  const needed = isWaiting && job.state !== 'running' ? leastSeconds : 0
  return now + needed > lastRunSecond(facts, policy)
}

/** Seconds in which a drawn seat answers before its slot opens to others. */
function responseWindowOf({ rules, terms }: Pick<JobFacts, 'rules' | 'terms'>): number {
  return Math.min(rules.responseWindow, Math.floor(terms.maxRunTime / 10))
}

/** When an answer must be sent, so that it is mined in the response window. */
function answerBy(facts: JobFacts, policy: JobPolicy): number {
  const window = responseWindowOf(facts)
  return facts.workload.startedAt + window - Math.max(1, Math.min(policy.safetySeconds, Math.floor(window / 3)))
}

/** The seat's commitment stands. */
function decideCommitted(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  const { now, slot, workload, rules, commitment } = facts
  const isOurs = commitment !== undefined && commitment === slot.payload
  if (isOver(job.state)) return { do: 'wait' }
  if (!isOurs) return { do: 'become', state: 'lost', why: 'the commitment on chain is not on record here' }
  if (canBecome(job.state, 'committed')) return { do: 'become', state: 'committed', why: 'found on chain' }
  const from = workload.deadline + rules.revealDelay
  if (!isClosed(facts) || now <= from) {
    const isDeep = (facts.commitDepth ?? 0) >= policy.confirmations
    const delivers = facts.deliverable && !job.delivered
    if (delivers && isDeep) return { do: 'deliver' }
    // Depth comes with the blocks, so look again soon.
    if (delivers) return { do: 'wait', until: now + 1 }
    // Until the stored events hold it, nobody would tell if its block was replaced; in the end it would be missed.
    return facts.commitDepth === undefined ? { do: 'wait' } : { do: 'wait', until: from + 1 }
  }
  if (now <= from + rules.revealWindow) return { do: 'reveal' }
  return { do: 'become', state: 'expired', why: 'not revealed in time' }
}

/** Work for an open slot, before the commit. */
function decideOpen(job: Job, facts: JobFacts, policy: JobPolicy): Act {
  if (isOver(job.state)) return close(job, job.state, job.why ?? '')
  if (isClosed(facts)) return close(job, 'lost', 'commits are closed')
  if (facts.openSlots === 0) return close(job, 'lost', 'no slot is open')
  if (job.state === 'proved' || job.state === 'committed' || job.state === 'revealed') return { do: 'commit' }
  if (facts.isInTheWay === true) return close(job, 'lost', 'what a seat was drawn for needs its room')
  if (isHopeless(job, facts, policy)) return close(job, 'lost', 'no proof before the deadline')
  return { do: 'work' }
}

function decideFinal(job: Job, facts: JobFacts): Act {
  const { slot, workload, settlement, now } = facts
  if (slot.state === 'Assigned' && !workload.dutyEnded) {
    if (now <= silentAt(facts)) return { do: 'fail', reason: 'OutOfTime', why: job.why ?? 'the workload is over' }
    return { do: 'wait' }
  }
  if (slot.state !== 'Free') return { do: 'clear' }
  // The node that answered is ahead of the stored events.
  if (!facts.finished) return { do: 'wait' }
  if (settlement !== undefined && settlement.rank > 0) {
    if (canBecome(job.state, 'settled')) return close(job, 'settled', `rank ${settlement.rank}`)
    if (canBecome(job.state, 'committed') && !isOver(job.state))
      return { do: 'become', state: 'committed', why: `rank ${settlement.rank}` }
  }
  return close(job, 'lost', `the workload ended as ${workload.outcome}`)
}

/** Ends a job in `state`, or as it is if it has ended in another way before. */
function close(job: Job, state: JobState, why: string): Act {
  if (job.state === state || !canBecome(job.state, state) || isOver(job.state)) {
    return { do: 'close', state: job.state, why: job.why ?? why }
  }
  return { do: 'close', state, why }
}

function isClosed({ workload, now }: JobFacts): boolean {
  return workload.closedEarly || now > workload.deadline
}

/** Whether the proof can be sent in the open: nobody could gain by copying it. While the slot is open somebody could. */
function canSubmit({ workload, bindsProver, openSlots }: JobFacts): boolean {
  // What a committee judges is always committed to first.
  if (workload.judged) return false
  return bindsProver || (workload.redundancy === 1 && workload.commits === 0 && openSlots === 0)
}

function silentAt({ workload, rules }: JobFacts): number {
  return workload.startedAt + rules.silenceWindow
}
