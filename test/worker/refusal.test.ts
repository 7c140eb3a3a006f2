import { expect } from 'chai'

import type { Address, ProgramId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import type { KnownProgram } from '../../sdk/src/worker/coordinate/ChainFacts.js'
import type { Dossier } from '../../sdk/src/worker/coordinate/Dossier.js'
import { refusalOf, type Policy } from '../../sdk/src/worker/coordinate/refusalOf.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const PROGRAM = `0x${'11'.repeat(32)}` as ProgramId
const REQUESTER = `0x${'22'.repeat(20)}` as Address
const DOSSIER = {
  spec: { program: PROGRAM, requester: REQUESTER },
  terms: { fee: 60n * 10n ** 9n * 1_000n, maxRunTime: 60, redundancy: 2 },
} as Dossier
const KNOWN = {} as KnownProgram
const OPEN: Policy = {
  ...{ mode: 'auto', allowPrograms: [], denyPrograms: [], allowRequesters: [], denyRequesters: [] },
  ...{ minimumRate: 0, refusedProofs: 3 },
}

describe('worker: what the operator does not want', () => {
  const why = (policy: Partial<Policy>, refused = 0): string | undefined =>
    refusalOf({ ...OPEN, ...policy }, DOSSIER, KNOWN, refused)

  it('wants everything as long as nothing is said', () => {
    expect(why({})).to.be.undefined
    expect(refusalOf(OPEN, DOSSIER, undefined, 0)).to.contain('not known')
  })

  it('keeps to lists of programs and of requesters', () => {
    expect(why({ denyPrograms: [PROGRAM] })).to.contain('deny list')
    expect(why({ allowPrograms: [`0x${'33'.repeat(32)}`] })).to.contain('not on the allow list')
    expect(why({ allowPrograms: [PROGRAM], allowRequesters: [REQUESTER] })).to.be.undefined
    expect(why({ denyRequesters: [REQUESTER] })).to.contain('deny list')
    expect(why({ allowRequesters: [`0x${'44'.repeat(20)}`] })).to.contain('not on the allow list')
  })

  it('keeps to its price, a second and a slot', () => {
    expect(why({ minimumRate: 500 })).to.be.undefined
    expect(why({ minimumRate: 501 })).to.equal('the fee is 500 gwei a second and slot, below 501')
  })

  it('leaves a program alone whose verifier refuses its proofs', () => {
    expect(why({}, 2)).to.be.undefined
    expect(why({}, 3)).to.contain('refused the last 3 proofs')
    expect(why({ refusedProofs: 0 }, 99)).to.be.undefined
  })
})

for (const kind of DATABASES) {
  describe(`worker: proofs that verifiers refused (${kind})`, () => {
    const open = useDatabases(kind)

    it('counts those in a row and of one day, for each program by itself', async () => {
      const db = await open()
      let now = 1_000_000_000_000
      const history = new RunHistory(db, { ...systemClock, now: () => now })
      const other = `0x${'12'.repeat(32)}` as ProgramId
      for (const accepted of [false, true, false, false]) await history.judged(PROGRAM, accepted)
      await history.judged(other, false)
      await history.add(PROGRAM, 3, 'ok')
      expect(await history.refusedInARow(PROGRAM)).to.equal(2)
      expect(await history.refusedInARow(other)).to.equal(1)
      expect(await history.expectedSeconds(PROGRAM)).to.equal(3)
      now += 86_400_001
      expect(await history.refusedInARow(PROGRAM)).to.equal(0)
      await db.destroy()
    })
  })
}
