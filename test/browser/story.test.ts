import { expect } from 'chai'
import type { Step } from '../../explorer/src/answers.js'
import { lanesOf, type Workload } from '../../explorer/src/story/readStory.js'

const OPERATOR = `0x${'11'.repeat(20)}`

describe('browser: what each seat of a workload did', () => {
  /** A step each, a second after the one before. */
  function storyOf(
    ...acts: readonly (readonly [contract: Step['contract'], name: string, args: Step['args']])[]
  ): Pick<Workload, 'story' | 'slots'> {
    const story = acts.map(([contract, name, args], index) => ({
      ...{ contract, name, args, time: 100 + index, block: index, index: 0, transaction: `0x${'ab'.repeat(32)}` },
    }))
    return { story, slots: [] }
  }
  const revealed = (seat: number, order: number) =>
    ['market', 'RevealedToCommittee', { seat, order, operator: OPERATOR }] as const
  const reached = (attempt: number, valid: number) => ['committee', 'VerdictReached', { attempt, valid }] as const
  const verdicts = (workload: Pick<Workload, 'story' | 'slots'>) =>
    lanesOf(workload).map(({ seat, valid }) => [seat, valid])

  it("has the committee's verdict on each proof, by commit order", () => {
    // Reveals come in another order than commits.
    const reveals = [revealed(7, 2), revealed(5, 0), revealed(6, 1), ['market', 'Committed', { seat: 8 }]] as const
    expect(verdicts(storyOf(...reveals))).to.deep.equal([
      [7, null],
      [5, null],
      [6, null],
      [8, null],
    ])
    expect(verdicts(storyOf(...reveals, reached(1, 0b101)))).to.deep.equal([
      [7, true],
      [5, true],
      [6, false],
      [8, null],
    ])
  })

  it('has the last verdict where there was an appeal, and what entered the books above all', () => {
    const appealed = [revealed(5, 0), revealed(6, 1), reached(1, 0b01), reached(4, 0b10)] as const
    expect(verdicts(storyOf(...appealed))).to.deep.equal([
      [5, false],
      [6, true],
    ])
    const judged = ['market', 'Judged', { valid: 0b11, members: 15, each: '1' }] as const
    expect(verdicts(storyOf(...appealed, judged))).to.deep.equal([
      [5, true],
      [6, true],
    ])
  })

  it("has a verifier contract's verdict at once", () => {
    const workload = storyOf(['market', 'Revealed', { seat: 5, valid: true }], ['market', 'Revealed', { seat: 6, valid: false }]) // prettier-ignore
    expect(verdicts(workload)).to.deep.equal([
      [5, true],
      [6, false],
    ])
  })
})
