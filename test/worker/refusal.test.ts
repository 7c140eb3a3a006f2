import { expect } from 'chai'
import { sql } from 'kysely'

import { ZERO_ADDRESS, type Address, type ProgramId, type WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { WORKER_FIELDS } from '../../sdk/src/worker/config/WorkerConfig.js'
import type { KnownProgram } from '../../sdk/src/worker/coordinate/ChainFacts.js'
import type { Dossier } from '../../sdk/src/worker/coordinate/Dossier.js'
import { refusalOf, type Policy } from '../../sdk/src/worker/coordinate/refusalOf.js'
import { RunHistory, type Said } from '../../sdk/src/worker/store/RunHistory.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const PROGRAM = `0x${'11'.repeat(32)}` as ProgramId
const REQUESTER = `0x${'22'.repeat(20)}` as Address
const DOSSIER = {
  spec: { program: PROGRAM, requester: REQUESTER },
  terms: { fee: 60n * 10n ** 9n * 1_000n, maxRunTime: 60, redundancy: 2 },
} as Dossier
const KNOWN = { program: { verifier: `0x${'55'.repeat(20)}`, verifierGas: 200_000 } } as KnownProgram
const OPEN: Policy = {
  ...{ mode: 'auto', allowPrograms: [], denyPrograms: [], allowRequesters: [], denyRequesters: [] },
  ...{ minimumRate: 0, refusedProofs: 3, maxGas: 12_000_000 },
}

const workload = (number: number) => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId
const NONE = { here: 0, onChain: 0 }

describe('worker: what the operator does not want', () => {
  const why = (policy: Partial<Policy>, here = 0, onChain = 0): string | undefined =>
    refusalOf({ ...OPEN, ...policy }, DOSSIER, KNOWN, { here, onChain })

  it('wants everything as long as nothing is said', () => {
    expect(why({})).to.be.undefined
    expect(refusalOf(OPEN, DOSSIER, undefined, NONE)).to.contain('not known')
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
    expect(why({ refusedProofs: 0 }, 99, 99)).to.be.undefined
  })

  it('leaves a program alone whose verifier says another thing on the chain, before a third miss drops the seat', () => {
    expect(why({}, 0, 1)).to.be.undefined
    expect(why({}, 0, 2)).to.equal(
      'its verifier accepted the last 2 proofs that the program made here, and on the chain they were refused',
    )
    expect(why({ refusedProofs: 1 }, 0, 1)).to.contain('accepted the last 1 proofs')
  })

  it('takes on nothing whose proof it could not show: what the verifier may use counts, not what it uses', () => {
    const asked = (maxGas: number, verifierGas: number, verifier = KNOWN.program.verifier): string | undefined =>
      refusalOf({ ...OPEN, maxGas }, DOSSIER, { ...KNOWN, program: { ...KNOWN.program, verifier, verifierGas } }, NONE)
    expect(asked(12_000_000, 11_000_000)).to.be.undefined
    expect(asked(12_000_000, 12_000_000)).to.match(/takes 12\d{6} gas, more than maxGas \(12000000\)$/)
    // A committee's word costs the prover nothing.
    expect(asked(12_000_000, 12_000_000, ZERO_ADDRESS)).to.be.undefined
    // All that the market allows, with what is the default.
    expect(asked(WORKER_FIELDS.maxGas.fallback!, 15_000_000)).to.be.undefined
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
      await history.add(PROGRAM, 60, 3, 'ok')
      expect(await history.refusals(PROGRAM)).to.deep.equal({ here: 2, onChain: 0 })
      expect(await history.refusals(other)).to.deep.equal({ here: 1, onChain: 0 })
      expect(await history.runTimes(PROGRAM, 60)).to.deep.equal({ longest: 3, shortest: 3 })
      now += 86_400_001
      expect(await history.refusals(PROGRAM)).to.deep.equal(NONE)
      await db.destroy()
    })

    it('counts what was refused on the chain by itself: no word of the verifier here takes it back', async () => {
      const db = await open()
      let now = 1_000_000_000_000
      // One after the other, as on a machine.
      const history = new RunHistory(db, { ...systemClock, now: () => now++ })
      const refusals = async () => (await history.refusals(PROGRAM)).onChain
      const shown = (number: number, valid: boolean) =>
        history.shown(PROGRAM, { workload: workload(number), seat: 7 }, valid ? 'valid' : 'refused')
      expect(await shown(1, false)).to.equal(false)
      // Another seat, the end of the job, or a reorg that had it shown again.
      expect(await shown(1, false)).to.equal(true)
      expect(await shown(1, true)).to.equal(true)
      for (let proofs = 0; proofs < 3; proofs++) await history.judged(PROGRAM, true)
      expect(await refusals()).to.equal(1)
      await shown(2, false)
      expect(await refusals()).to.equal(2)
      await shown(3, true)
      expect(await refusals()).to.equal(0)
      expect(await shown(3, false)).to.equal(false)
      expect(await refusals()).to.equal(3)
      now += 86_400_000
      expect(await refusals()).to.equal(0)
      await shown(4, false)
      expect(await db.selectFrom('proof_verdicts').select('valid').execute()).to.deep.equal([{ valid: false }])
      await db.destroy()
    })

    it('finds those of a program without reading those of all others', async () => {
      const db = await open()
      const plan = await db.transaction().execute(async (tx) => {
        // Of an empty table all rows are read, whatever index there is.
        await sql`set local enable_seqscan = off`.execute(tx)
        return sql`explain select valid from proof_verdicts where program = ${PROGRAM} and at > 0 order by at desc`.execute(
          tx,
        )
      })
      expect(JSON.stringify(plan.rows)).to.contain('proof_verdicts_by_program')
      await db.destroy()
    })

    it('what reverted for no known reason is taken back by its own seat, whose proof is valid after all', async () => {
      const db = await open()
      let now = 1_000_000_000_000
      const history = new RunHistory(db, { ...systemClock, now: () => now++ })
      const refusals = async () => (await history.refusals(PROGRAM)).onChain
      const shown = (number: number, seat: number, said: Said) =>
        history.shown(PROGRAM, { workload: workload(number), seat }, said)
      expect(await shown(1, 7, 'reverted')).to.equal(false)
      expect(await shown(2, 7, 'reverted')).to.equal(false)
      expect(await refusals()).to.equal(2)
      await shown(1, 8, 'valid')
      expect(await refusals(), 'another seat').to.equal(2)
      await shown(1, 7, 'valid')
      expect(await refusals(), 'the newest good one').to.equal(0)
      // More speaks against these: another seat's transaction, or a verdict.
      expect(await shown(2, 8, 'reverted')).to.equal(true)
      await shown(3, 7, 'reverted')
      await shown(3, 7, 'refused')
      for (const number of [2, 3]) for (const seat of [7, 8]) await shown(number, seat, 'valid')
      expect(await refusals()).to.equal(1)
      expect(await db.selectFrom('proof_verdicts').select('valid').orderBy('workload').execute()).to.deep.equal([
        { valid: true },
        { valid: false },
        { valid: false },
      ])
      await db.destroy()
    })
  })
}
