import { expect } from 'chai'

import type { Rules, SlotView, Terms, WorkloadId, WorkloadState } from '../../sdk/src/chain/index.js'
import type { Act } from '../../sdk/src/worker/job/Act.js'
import { decide } from '../../sdk/src/worker/job/decide.js'
import type { Job } from '../../sdk/src/worker/job/Job.js'
import type { JobFacts } from '../../sdk/src/worker/job/JobFacts.js'
import { canBecome, isOver, JOB_STATES, type JobState } from '../../sdk/src/worker/job/transitions.js'

const START = 1_000
const RUN = 600
const DEADLINE = START + RUN
const RULES = { responseWindow: 30, silenceWindow: 3_600, revealDelay: 10, revealWindow: 100 } as Rules
const TERMS = { fee: 10n ** 18n, maxRunTime: RUN, redundancy: 3, rescue: 60, class: 1, rules: 1 } as Terms
const POLICY = { safetySeconds: 20, confirmations: 5 }
const COMMITMENT = 99n
const YES_NO = [false, true] as const
const ALL_OF_THREE = YES_NO.flatMap((a) => YES_NO.flatMap((b) => YES_NO.map((c) => [a, b, c] as const)))

const STATE: WorkloadState = {
  phase: 'Proving',
  outcome: 'None',
  fee: TERMS.fee,
  round: 0,
  epoch: 0,
  startedAt: START,
  deadline: DEADLINE,
  closedEarly: false,
  redundancy: 3,
  vacated: 0,
  accepted: 0,
  committedOwn: 0,
  commits: 0,
  valid: 0,
  invalid: 0,
  judged: false,
  revealed: 0,
  failReason: 'None',
  cancelRequestedAt: 0,
  dutyEnded: false,
}

function job(state: JobState, more: Partial<Job> = {}): Job {
  const workload = `0x${'01'.repeat(32)}` as WorkloadId
  return { workload, seat: 1, open: false, state, delivered: false, closed: false, ...more }
}

function slot(state: SlotView['state'], payload = 0n): SlotView {
  return { state, slot: 0, order: 0, payload, held: false, reason: 'None' }
}

function facts(more: Omit<Partial<JobFacts>, 'workload'> & { workload?: Partial<WorkloadState> } = {}): JobFacts {
  return {
    now: START + 1,
    slot: slot('Assigned'),
    rules: RULES,
    terms: TERMS,
    bindsProver: false,
    drawKnown: true,
    drawn: true,
    declined: false,
    openSlots: 0,
    deliverable: false,
    unapproved: false,
    finished: true,
    ...more,
    workload: { ...STATE, ...more.workload },
  }
}

function act(state: JobState, more: Parameters<typeof facts>[0] = {}, of: Partial<Job> = {}): Act {
  return decide(job(state, of), facts(more), POLICY)
}

describe('worker: what to do next', () => {
  it('works at once, and accepts when half of the response window is over', () => {
    expect(act('assigned')).to.deep.equal({ do: 'work' })
    expect(act('running', { now: START + 14 })).to.deep.equal({ do: 'work' })
    expect(act('running', { now: START + 15 })).to.deep.equal({ do: 'accept' })
    expect(act('running', { now: START + 15, slot: slot('Accepted') })).to.deep.equal({ do: 'work' })
  })

  it('accepts at once when a run is known to take longer than the window', () => {
    expect(act('running', { expectedSeconds: 200 })).to.deep.equal({ do: 'accept' })
    expect(act('running', { expectedSeconds: 5 })).to.deep.equal({ do: 'work' })
  })

  it('declines early what it does not want or cannot finish, but only before it has answered', () => {
    expect(act('assigned', { refusal: 'too cheap' })).to.deep.equal({ do: 'decline', why: 'too cheap' })
    expect(act('assigned', { refusal: 'too cheap', slot: slot('Accepted') })).to.deep.equal({ do: 'work' })
    expect(act('running', { refusal: 'too cheap' })).to.deep.equal({ do: 'work' })
    expect(act('assigned', { leastSeconds: RUN }).do).to.equal('decline')
  })

  it('declines no run for the longest that there was: the shortest may be what it takes', () => {
    expect(act('assigned', { expectedSeconds: RUN, leastSeconds: 579 })).to.deep.equal({ do: 'work' })
    expect(act('assigned', { expectedSeconds: RUN, leastSeconds: 580 })).to.deep.equal({
      do: 'decline',
      why: 'a run takes 580 s here, more than is left',
    })
  })

  it('declines what would wait too long for other work, as long as no acceptance can be on its way', () => {
    // 20 s are kept from the deadline, and one has gone.
    const [fits, late] = [
      { expectedSeconds: 200, leastSeconds: 200, waitSeconds: 379 },
      { expectedSeconds: 200, leastSeconds: 200, waitSeconds: 380 },
    ]
    const declined = {
      do: 'decline',
      why: 'a run takes 200 s here and other work takes 380 s before it, more than is left',
    }
    for (const state of ['assigned', 'fetching'] as const) {
      expect(act(state, { ...fits }), state).to.deep.equal({ do: 'work' })
      expect(act(state, { ...late }), state).to.deep.equal(declined)
      expect(act(state, { ...late, slot: slot('Accepted') }), state).to.deep.equal({ do: 'work' })
    }
    expect(act('fetching', { ...late, now: START + 15 })).to.deep.equal({ do: 'accept' })
    expect(act('running', { ...late }).do).to.equal('accept')
    // Whose length is not known is tried, unless there will be no room at all.
    expect(act('assigned', { waitSeconds: 579 })).to.deep.equal({ do: 'work' })
    expect(act('assigned', { waitSeconds: 580 })).to.deep.equal({
      do: 'decline',
      why: 'other work takes 580 s before it, more than is left',
    })
    // Another seat of the operator is drawn for what runs already.
    expect(act('assigned', { leastSeconds: 200, now: DEADLINE - 120 }).do).to.equal('decline')
    expect(act('assigned', { leastSeconds: 200, ranSeconds: 100, now: DEADLINE - 120 }).do).to.equal('accept')
  })

  it('sends no decline that would drop the seat: it tries what may be late, and reports the rest', () => {
    const drops = { declineDrops: true }
    const reported = (why: string): Act => ({
      ...{ do: 'fail', reason: 'OutOfTime' },
      why: `${why}; one more decline this week would drop the seat`,
    })
    const late = { leastSeconds: RUN }
    expect(act('assigned', { ...late, declineDrops: false }).do).to.equal('decline')
    expect(act('assigned', { ...late, ...drops })).to.deep.equal({ do: 'work' })
    expect(act('fetching', { ...late, ...drops })).to.deep.equal({ do: 'work' })
    // Until not even the shortest run would end.
    expect(act('fetching', { ...late, ...drops, isWaiting: true })).to.include({ do: 'fail', reason: 'OutOfTime' })
    expect(act('assigned', { ...drops, refusal: 'too cheap' })).to.deep.equal(reported('too cheap'))
    expect(act('declined', drops, { why: 'the disk is full' })).to.deep.equal(reported('the disk is full'))
    const unapproved = { unapproved: true, now: START + RULES.responseWindow }
    expect(act('assigned', { ...drops, ...unapproved })).to.deep.equal(
      reported('nobody approved it in the response window'),
    )
    // It is asked all the same, and its word is kept.
    expect(act('assigned', { ...drops, unapproved: true }).do).to.equal('ask')
    const word = { ...drops, refusal: 'the operator declined it', operatorDeclined: true }
    expect(act('assigned', word)).to.deep.equal({ do: 'decline', why: 'the operator declined it' })
    expect(act('declined', word, { why: 'the operator declined it' }).do).to.equal('decline')
  })

  it('starts nothing that even the shortest run would not end: it says so at once', () => {
    const [last, accepted] = [DEADLINE - 20 - 50, { slot: slot('Accepted'), expectedSeconds: 90, leastSeconds: 50 }]
    expect(act('fetching', { ...accepted, isWaiting: true, now: last }).do).to.equal('work')
    const failed = { do: 'fail', reason: 'OutOfTime', why: 'no proof before the deadline' }
    expect(act('fetching', { ...accepted, isWaiting: true, now: last + 1 })).to.deep.equal(failed)
    // What runs may still end, and so may what runs on another machine since before this process began.
    expect(act('running', { ...accepted, isWaiting: true, now: last + 1 }).do).to.equal('work')
    expect(act('fetching', { ...accepted, ranSeconds: 1, now: last + 1 }).do).to.equal('work')
    expect(act('fetching', { ...accepted, now: last + 1 }).do).to.equal('work')
    const open = { leastSeconds: 50, isWaiting: true, now: last + 1, slot: slot('Free'), openSlots: 1 }
    expect(act('fetching', open, { open: true })).to.include({ do: 'close', state: 'lost' })
  })

  it('what it cannot do now and may be able to do soon it declines when an answer is due', () => {
    const last = START + RULES.responseWindow - Math.min(POLICY.safetySeconds, Math.floor(RULES.responseWindow / 3))
    const passing = { refusal: 'no relay', refusalPasses: true }
    expect(act('assigned', passing)).to.deep.equal({ do: 'wait' })
    expect(act('assigned', { ...passing, now: last - 1 })).to.deep.equal({ do: 'wait' })
    expect(act('assigned', { ...passing, now: last })).to.deep.equal({ do: 'decline', why: 'no relay' })
    expect(act('assigned', { ...passing, unapproved: true }), 'the operator has no less time').to.include({ do: 'ask' })
    expect(act('assigned', { ...passing, leastSeconds: RUN })).to.include({ do: 'decline' })
    expect(act('running', passing)).to.deep.equal({ do: 'work' })
  })

  it('asks the operator in time, and declines before the response window ends when nobody answers', () => {
    const last = START + RULES.responseWindow - Math.min(POLICY.safetySeconds, Math.floor(RULES.responseWindow / 3))
    expect(act('assigned', { unapproved: true })).to.deep.equal({ do: 'ask', until: last })
    expect(act('assigned', { unapproved: true, now: last - 1 }).do).to.equal('ask')
    expect(act('assigned', { unapproved: true, now: last })).to.deep.equal({
      do: 'decline',
      why: 'nobody approved it in the response window',
    })
    // A worker that was down through the window does not stay silent either.
    expect(act('assigned', { unapproved: true, now: last + 100 }).do).to.equal('decline')
    expect(act('assigned', { unapproved: true, now: DEADLINE + 100 })).to.include({ do: 'fail', reason: 'OutOfTime' })
    // It is not asked what its own lists decide, nor about work that was begun.
    expect(act('assigned', { unapproved: true, refusal: 'no' })).to.deep.equal({ do: 'decline', why: 'no' })
    expect(act('running', { unapproved: true }).do).to.equal('work')
    expect(act('assigned', { unapproved: true, slot: slot('Accepted') }).do).to.equal('work')
    // However short the window, there is a second to answer in.
    const terms = { ...TERMS, maxRunTime: 20 }
    expect(act('assigned', { unapproved: true, terms, now: START })).to.deep.equal({ do: 'ask', until: START + 1 })
  })

  it('gives up at the safety margin before the deadline, not a second earlier', () => {
    const margin = DEADLINE - POLICY.safetySeconds
    expect(act('running', { now: margin, slot: slot('Accepted') }).do).to.equal('work')
    expect(act('running', { now: margin + 1, slot: slot('Accepted') })).to.include({ do: 'fail', reason: 'OutOfTime' })
  })

  it('commits up to and including the deadline, and reports the miss after it', () => {
    expect(act('proved', { now: DEADLINE }).do).to.equal('commit')
    expect(act('proved', { now: DEADLINE + 1 })).to.include({ do: 'fail', reason: 'OutOfTime' })
    expect(act('proved', { workload: { closedEarly: true } })).to.include({ do: 'fail', reason: 'OutOfTime' })
  })

  it('submits in the open only where a copy could win nothing', () => {
    expect(act('proved', { workload: { redundancy: 1 } })).to.deep.equal({ do: 'submit' })
    expect(act('proved', { workload: { redundancy: 1, commits: 1 } })).to.deep.equal({ do: 'commit' })
    expect(act('proved', { workload: { redundancy: 1 }, openSlots: 1 })).to.deep.equal({ do: 'commit' })
    expect(act('proved', { bindsProver: true })).to.deep.equal({ do: 'submit' })
    // What a committee judges is committed to first, whatever the redundancy.
    expect(act('proved', { workload: { redundancy: 1, judged: true } })).to.deep.equal({ do: 'commit' })
  })

  // The record says committed; the chain does not: the transaction was lost, or a reorg took it back.
  it('sends the same commitment again when it is not on chain', () => {
    expect(act('committed')).to.deep.equal({ do: 'commit' })
    expect(act('revealed')).to.deep.equal({ do: 'commit' })
    expect(act('committed', { now: DEADLINE + 1 })).to.include({ do: 'fail', reason: 'OutOfTime' })
  })

  it('repeats an answer until the chain has it', () => {
    expect(act('failed', {}, { failReason: 'InputsUnavailable' })).to.include({
      do: 'fail',
      reason: 'InputsUnavailable',
    })
    expect(act('failed', { slot: slot('Failed') })).to.deep.equal({ do: 'wait' })
    expect(act('declined', {}, { why: 'no' })).to.deep.equal({ do: 'decline', why: 'no' })
    // Too late for a decline: the slot was accepted meanwhile.
    expect(act('declined', { slot: slot('Accepted') })).to.include({ do: 'fail', reason: 'OutOfTime' })
    expect(act('declined', { slot: slot('Free'), declined: true }).do).to.equal('close')
  })

  it('answers after the deadline as long as silence can be slashed, and not when nobody owes an answer', () => {
    const silentAt = START + RULES.silenceWindow
    expect(act('running', { now: silentAt })).to.include({ do: 'fail', reason: 'OutOfTime' })
    expect(act('running', { now: silentAt + 1 })).to.deep.equal({ do: 'wait' })
    expect(act('running', { workload: { closedEarly: true, dutyEnded: true } })).to.deep.equal({ do: 'wait' })
    expect(act('running', { workload: { phase: 'Final' } })).to.include({ do: 'fail', reason: 'OutOfTime' })
    expect(act('running', { workload: { phase: 'Final', dutyEnded: true } })).to.deep.equal({ do: 'clear' })
  })

  it('reveals inside the reveal window only', () => {
    const committed = { slot: slot('Committed', COMMITMENT), commitment: COMMITMENT }
    const from = DEADLINE + RULES.revealDelay
    expect(act('committed', { ...committed, commitDepth: 0, now: from })).to.deep.equal({ do: 'wait', until: from + 1 })
    expect(act('committed', { ...committed, now: from + 1 })).to.deep.equal({ do: 'reveal' })
    expect(act('committed', { ...committed, now: from + RULES.revealWindow })).to.deep.equal({ do: 'reveal' })
    expect(act('committed', { ...committed, now: from + RULES.revealWindow + 1 })).to.include({ state: 'expired' })
    // Reorged reveal: the slot is back at Committed.
    expect(act('revealed', { ...committed, now: from + 1 })).to.deep.equal({ do: 'reveal' })
  })

  // Its block may be replaced before the follower has read it: then no reorg and no event ever tells, and nobody sends a relayed commit again.
  it('looks again soon at a commit that only the newest block has, and not before the reveal at one that was read', () => {
    const committed = { slot: slot('Committed', COMMITMENT), commitment: COMMITMENT }
    expect(act('committed', committed)).to.deep.equal({ do: 'wait' })
    const until = DEADLINE + RULES.revealDelay + 1
    expect(act('committed', { ...committed, commitDepth: 0 })).to.deep.equal({ do: 'wait', until })
    expect(act('committed', { slot: slot('Accepted') })).to.deep.equal({ do: 'commit' })
  })

  it('goes on placing what it has revealed to a committee, as long as that judges', () => {
    const revealed = { slot: slot('Revealed'), workload: { judged: true } }
    expect(act('committed', revealed)).to.include({ do: 'become', state: 'revealed' })
    expect(act('revealed', revealed)).to.deep.equal({ do: 'place' })
    // A contract has judged already, or the workload is over.
    expect(act('revealed', { slot: slot('Valid') })).to.deep.equal({ do: 'wait' })
    expect(act('revealed', { ...revealed, workload: { phase: 'Final' } }).do).to.equal('clear')
  })

  it('hands the sealed proof out only when the commit is deep enough, and once', () => {
    const committed = { slot: slot('Committed', COMMITMENT), commitment: COMMITMENT, deliverable: true }
    expect(act('committed', { ...committed, commitDepth: 4 }).do).to.equal('wait')
    expect(act('committed', { ...committed, commitDepth: 5 }).do).to.equal('deliver')
    expect(act('committed', { ...committed, commitDepth: 5 }, { delivered: true }).do).to.equal('wait')
  })

  it('takes over a commitment of its own that it finds on chain, and leaves a foreign one alone', () => {
    const found = { slot: slot('Committed', COMMITMENT) }
    expect(act('running', { ...found, commitment: COMMITMENT })).to.include({ do: 'become', state: 'committed' })
    expect(act('running', { ...found, commitment: 1n })).to.include({ do: 'become', state: 'lost' })
    expect(act('running', found)).to.include({ do: 'become', state: 'lost' })
  })

  it('gives up after a reorg that undid the draw, and begins again when it is drawn again', () => {
    expect(act('running', { drawn: false, slot: slot('Free'), workload: { phase: 'Pending' } })).to.include({
      do: 'close',
      state: 'lost',
    })
    // The stored events know the draw, the node that answered does not yet.
    expect(act('running', { slot: slot('Free'), workload: { phase: 'Pending' } })).to.deep.equal({ do: 'wait' })
    expect(act('running', { drawn: false, slot: slot('Free') })).to.include({ do: 'close', state: 'lost' })
    expect(act('lost', { finished: false }, { closed: true })).to.include({ do: 'become', state: 'assigned' })
  })

  // A reorg can undo whatever a job was closed for, and nobody else reveals or answers for its seat.
  describe('takes an ended job up again', () => {
    const ENDS = JOB_STATES.filter(isOver)
    const live = { finished: false }
    const shown = { ...live, slot: slot('Committed', COMMITMENT), commitment: COMMITMENT, proofKept: true }
    const silentAt = START + RULES.silenceWindow
    const until = DEADLINE + RULES.revealDelay + RULES.revealWindow
    const closed = { closed: true }

    it('in every state, when its seat is in the work by the slot word', () => {
      for (const state of ENDS) {
        for (const held of ['Assigned', 'Accepted'] as const)
          expect(act(state, { ...live, slot: slot(held) }, closed)).to.include({ do: 'become', state: 'assigned' })
        expect(act(state, shown, closed)).to.include({ do: 'become', state: 'committed' })
        expect(act(state, shown)).to.include({ do: 'become', state: 'committed' })
        for (const told of ['Valid', 'Revealed'] as const)
          expect(act(state, { ...live, slot: slot(told) }, closed)).to.include({ do: 'become', state: 'revealed' })
      }
    })

    it('to answer as long as silence can be slashed, and no longer', () => {
      const ended = { ...live, workload: { phase: 'Final' } } as const
      for (const state of ENDS) {
        for (const late of [{ ...live, now: DEADLINE + 1 }, { ...live, now: silentAt }, ended])
          expect(act(state, late, closed)).to.include({ do: 'become', state: 'assigned' })
        expect(act(state, { ...live, now: silentAt + 1 }, closed)).to.deep.equal({ do: 'wait' })
        const over = { closedEarly: true, dutyEnded: true }
        expect(act(state, { ...live, workload: over }, closed)).to.deep.equal({ do: 'wait' })
      }
      // What follows is the answer.
      expect(act('assigned', { ...live, now: DEADLINE + 1 })).to.include({ do: 'fail', reason: 'OutOfTime' })
    })

    it('to reveal up to the last second of the window, whatever time an endpoint told before', () => {
      expect(act('expired', { ...shown, now: until })).to.include({ do: 'become', state: 'committed' })
      expect(act('committed', { ...shown, now: until })).to.deep.equal({ do: 'reveal' })
      expect(act('expired', { ...shown, now: until + 1 })).to.deep.equal({ do: 'wait' })
    })

    it('not without the proof that it has committed to, nor for a commitment that is not its own', () => {
      for (const state of ENDS) {
        expect(act(state, { ...shown, proofKept: false }, closed)).to.deep.equal({ do: 'wait' })
        expect(act(state, { ...shown, commitment: 1n }, closed)).to.deep.equal({ do: 'wait' })
      }
      const gone = { ...live, commitment: COMMITMENT, proofKept: false }
      expect(act('expired', gone)).to.include({ do: 'fail', reason: 'OutOfTime' })
    })

    it('not while its answer is on its way, and not when the stored events are ahead of the node', () => {
      expect(act('declined', live)).to.include({ do: 'decline' })
      expect(act('failed', live)).to.include({ do: 'fail' })
      for (const state of ENDS) {
        expect(act(state, { ...shown, finished: true }, closed)).to.deep.equal({ do: 'wait' })
        expect(act(state, { ...live, declined: true }, closed)).to.deep.equal({ do: 'wait' })
      }
    })

    it('when another rank or pay is on the chain than on record', () => {
      const over = { slot: slot('Free'), workload: { phase: 'Final', outcome: 'Proven' } } as const
      const settlement = { rank: 1, paid: 7n }
      const paid = { ...closed, rank: 1, paid: 7n }
      expect(act('settled', { ...over, settlement }, paid).do).to.equal('close')
      expect(act('settled', { ...over, settlement: { rank: 2, paid: 5n } }, paid)).to.include({ state: 'committed' })
      expect(act('settled', over, paid)).to.include({ do: 'become', state: 'committed' })
      expect(act('lost', { ...over, settlement }, closed)).to.include({ do: 'become', state: 'committed' })
      expect(act('lost', over, closed).do).to.equal('close')
      // The follower has not read on yet.
      expect(act('settled', { ...over, finished: false }, paid)).to.deep.equal({ do: 'wait' })
    })

    it('not only to free its seat, which it does as it is', () => {
      for (const state of ENDS) {
        const over = { slot: slot('Failed'), workload: { phase: 'Final' } } as const
        expect(act(state, over, closed)).to.deep.equal({ do: 'clear' })
      }
    })
  })

  // After a reorg blocks are read again from far below; until then the stored events know less than the chain.
  it('draws no conclusion from events that are being read again', () => {
    const reading = { drawn: false, drawKnown: false, finished: false }
    expect(act('running', { ...reading, slot: slot('Free') })).to.deep.equal({ do: 'wait' })
    expect(act('running', { ...reading, slot: slot('Assigned') })).to.deep.equal({ do: 'work' })
    expect(act('revealed', { ...reading, slot: slot('Free'), workload: { phase: 'Final' } })).to.deep.equal({
      do: 'wait',
    })
  })

  it('ends as settled when it was paid, as lost otherwise, and clears its seat first', () => {
    const over = { workload: { phase: 'Final', outcome: 'Proven' } as const }
    expect(act('revealed', { ...over, slot: slot('Valid') })).to.deep.equal({ do: 'clear' })
    const paid = { ...over, slot: slot('Free'), settlement: { rank: 2, paid: 5n } }
    expect(act('revealed', paid)).to.include({ do: 'close', state: 'settled' })
    expect(act('committed', paid)).to.include({ do: 'close', state: 'settled' })
    expect(act('committed', { ...over, slot: slot('Free') })).to.include({ do: 'close', state: 'lost' })
    expect(act('assigned', paid)).to.include({ do: 'become', state: 'committed' })
    expect(act('revealed', { ...over, slot: slot('Free'), finished: false })).to.deep.equal({ do: 'wait' })
    expect(act('failed', { ...over, slot: slot('Free') })).to.include({ do: 'close', state: 'failed' })
  })

  it('works for an open slot only while it can be won', () => {
    const open = { slot: slot('Free'), drawn: false, openSlots: 1 }
    expect(act('running', open, { open: true })).to.deep.equal({ do: 'work' })
    expect(act('proved', open, { open: true })).to.deep.equal({ do: 'commit' })
    expect(act('proved', { ...open, openSlots: 0 }, { open: true })).to.include({ do: 'close', state: 'lost' })
    expect(act('proved', { ...open, now: DEADLINE + 1 }, { open: true })).to.include({ do: 'close', state: 'lost' })
  })

  it('gives an open slot up for work that a seat was drawn for, unless it is proved already', () => {
    const open = { slot: slot('Free'), drawn: false, openSlots: 1, isInTheWay: true }
    const lost = { do: 'close', state: 'lost', why: 'what a seat was drawn for needs its room' }
    for (const state of ['assigned', 'fetching', 'running'] as const)
      expect(act(state, open, { open: true }), state).to.deep.equal(lost)
    expect(act('proved', open, { open: true })).to.deep.equal({ do: 'commit' })
  })

  // Whatever the record and the chain say, the answer is an act, and every change of state it asks for is legal.
  it('never asks for an illegal transition, in any state of job and slot', () => {
    const slots = ['Free', 'Assigned', 'Accepted', 'Committed', 'Valid', 'Invalid', 'Failed', 'Revealed'] as const
    for (const state of JOB_STATES) {
      for (const slotState of slots) {
        for (const phase of ['None', 'Pending', 'Proving', 'Final'] as const) {
          for (const now of [START, DEADLINE, DEADLINE + 1, DEADLINE + 50, DEADLINE + 5_000]) {
            for (const [open, closed, finished] of ALL_OF_THREE) {
              const next = act(
                state,
                {
                  ...{ now, finished, slot: slot(slotState, COMMITMENT), commitment: COMMITMENT, proofKept: finished },
                  workload: { phase },
                },
                { open, closed },
              )
              if (next.do === 'become') expect(canBecome(state, next.state), `${state} → ${next.state}`).to.be.true
              if (next.do === 'close' && next.state !== state) expect(canBecome(state, next.state)).to.be.true
              if (closed && isOver(state)) expect(next.do).to.be.oneOf(['wait', 'become', 'clear', 'close'])
            }
          }
        }
      }
    }
  })
})
