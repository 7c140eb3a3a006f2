import { expect } from 'chai'
import fc from 'fast-check'

import type { CommitteeMember, WorkloadId } from '../../sdk/src/chain/index.js'
import type { Ballot } from '../../sdk/src/validator/post/Ballot.js'
import { decidePost, type PostFacts } from '../../sdk/src/validator/post/decidePost.js'
import { turnOf } from '../../sdk/src/validator/post/turnOf.js'

const WORKLOAD = `0x${'11'.repeat(32)}` as WorkloadId
const SIZE = 7

const ballot = (member: number): Ballot => ({ member, valid: 1, r: '0x', vs: '0x' })
const members = (answered: readonly number[] = []): CommitteeMember[] =>
  Array.from({ length: SIZE }, (_, member) => ({
    member,
    seat: 100 + member,
    answered: answered.includes(member),
    vote: 0,
  }))
const all = Array.from({ length: SIZE }, (_, member) => ballot(member))

const FACTS: PostFacts = {
  now: 1_010,
  drawnAt: 1_000,
  until: 1_600,
  members: members(),
  own: new Set([2]),
  ballots: all,
  readySince: 1_005,
  completeSince: 1_010,
  turn: 0,
  turnSeconds: 24,
}

describe('validator: when verdicts are posted', () => {
  it('at once and all together when everybody’s is at hand, the first in turn first', () => {
    expect(decidePost(FACTS)).to.deep.equal({ do: 'post', ballots: all })
    expect(decidePost({ ...FACTS, turn: 2 })).to.deep.equal({ do: 'wait', until: 1_058 })
    expect(decidePost({ ...FACTS, turn: 2, now: 1_058 }).do).to.equal('post')
  })

  it('what others have posted is left out; nothing when the own answer is there', () => {
    const decision = decidePost({ ...FACTS, members: members([0, 1]) })
    expect(decision.do === 'post' && decision.ballots.map(({ member }) => member)).to.deep.equal([2, 3, 4, 5, 6])
    expect(decidePost({ ...FACTS, members: members([2]) })).to.deep.equal({ do: 'nothing' })
  })

  it('with a silent member from a third of the window on', () => {
    const { completeSince: _, ...incomplete } = { ...FACTS, ballots: all.slice(1) }
    expect(decidePost(incomplete)).to.deep.equal({ do: 'wait', until: 1_200 })
    expect(decidePost({ ...incomplete, now: 1_200 })).to.deep.equal({ do: 'post', ballots: all.slice(1) })
  })

  it('never without the own verdict', () => {
    const { completeSince: _, ...incomplete } = { ...FACTS, ballots: [ballot(0)], now: 1_590 }
    expect(decidePost(incomplete).do).to.equal('wait')
  })

  it('whatever others do and whenever the own verdict is ready: in the last sixth it is posted', () => {
    fc.assert(
      fc.property(
        fc.record({
          window: fc.integer({ min: 6, max: 3_600 }),
          late: fc.double({ min: 0, max: 1, noNaN: true }),
          turn: fc.integer({ min: 0, max: SIZE - 1 }),
          turnSeconds: fc.integer({ min: 1, max: 600 }),
          held: fc.subarray([0, 1, 3, 4, 5, 6]),
          answered: fc.subarray([0, 1, 3, 4, 5, 6]),
        }),
        ({ window, late, turn, turnSeconds, held, answered }) => {
          const until = 1_000 + window
          const { completeSince: _, ...facts } = FACTS
          const decision = decidePost({
            ...facts,
            until,
            now: Math.ceil(until - window / 6),
            readySince: 1_000 + Math.floor(late * window),
            members: members(answered),
            ballots: [2, ...held].map(ballot),
            turn,
            turnSeconds,
          })
          expect(decision.do).to.equal('post')
        },
      ),
    )
  })

  it('turns are the same for everybody, one for each member, and change with the workload', () => {
    const turns = (workload: WorkloadId): number[] =>
      members().map(({ member }) => turnOf(workload, 1, members(), new Set([member])))
    expect(turns(WORKLOAD).sort()).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
    const first = Array.from({ length: 64 }, (_, index) =>
      turns(`0x${index.toString(16).padStart(64, '0')}` as WorkloadId).indexOf(0),
    )
    expect(new Set(first).size).to.equal(SIZE)
  })
})
