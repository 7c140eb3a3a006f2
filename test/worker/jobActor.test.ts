import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as soon } from 'node:timers/promises'

import { assert, expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import type { Delivery, DeliveryInbox } from '../../sdk/src/client/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import type { ContentStore } from '../../sdk/src/content/index.js'
import { generateDeliveryKey } from '../../sdk/src/crypto/index.js'
import { chainError } from '../../sdk/src/errors/codes/chain.js'
import { CONTRACT_ERRORS } from '../../sdk/src/errors/codes/contracts.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { ApprovalDesk } from '../../sdk/src/worker/coordinate/ApprovalDesk.js'
import { Courier } from '../../sdk/src/worker/coordinate/Courier.js'
import type { Dossier } from '../../sdk/src/worker/coordinate/Dossier.js'
import { JobActor, type JobActorOptions } from '../../sdk/src/worker/coordinate/JobActor.js'
import { MarketCalls } from '../../sdk/src/worker/coordinate/MarketCalls.js'
import { ProofPlacer } from '../../sdk/src/worker/coordinate/ProofPlacer.js'
import type { Job } from '../../sdk/src/worker/job/Job.js'
import type { JobFacts } from '../../sdk/src/worker/job/JobFacts.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import type { Excess } from '../../sdk/src/worker/publish/RelayReach.js'
import type { TxOutcome, TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { ProofStore, type KeptProof } from '../../sdk/src/worker/run/ProofStore.js'
import { CommitmentJournal } from '../../sdk/src/worker/store/CommitmentJournal.js'
import { DecisionStore } from '../../sdk/src/worker/store/DecisionStore.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { HandClock } from '../support/HandClock.js'
import { RecordingOutbox } from '../support/RecordingOutbox.js'
import { MoodyStore } from '../support/stores/MoodyStore.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const WORKLOAD = `0x${'ab'.repeat(32)}` as WorkloadId
const [OTHER, THIRD] = [`0x${'ac'.repeat(32)}` as WorkloadId, `0x${'ad'.repeat(32)}` as WorkloadId] as const
const PROGRAM = `0x${'11'.repeat(32)}` as ProgramId
const KEY = { workload: WORKLOAD, seat: 7 }
const SALT = `0x${'5a'.repeat(32)}` as const
const DEADLINE = 1_000
const RULES = { revealDelay: 10, revealWindow: 100 }
const HALF = DEADLINE + 10 + 50

/** Proofs, and how often one was read whole. */
class CountedProofs extends ProofStore {
  read = 0

  override find(workload: WorkloadId): Promise<KeptProof | undefined> {
    this.read += 1
    return super.find(workload)
  }
}

/** Says at once how what is published ends: as the first of `outcomes`, once each. */
class EndingOutbox extends RecordingOutbox {
  readonly outcomes: TxOutcome[]

  constructor(outcomes: TxOutcome[]) {
    super()
    this.outcomes = outcomes
  }

  override publish(request: TxRequest): Promise<TxOutcome> {
    this.requests.push(request)
    return Promise.resolve(this.outcomes.shift() ?? { kind: 'superseded' })
  }

  override isPending(): boolean {
    return false
  }
}

describe('worker: acts that need the places of others', () => {
  const directory = useTemporaryDirectory()
  const lines: string[] = []
  const stopped: WorkloadId[] = []
  const log = jsonLogger({ level: 'debug', write: (line) => void lines.push(line), now: Date.now })
  let clock: HandClock
  let db: Database
  let jobs: JobStore
  let proofs: CountedProofs
  let history: RunHistory
  let outbox: RecordingOutbox
  let desk: ApprovalDesk
  let stores = 0

  before(async () => {
    db = await openDatabase()
  })
  beforeEach(async () => {
    for (const table of ['jobs', 'job_history', 'proofs', 'commitments', 'proof_verdicts'] as const)
      await db.deleteFrom(table).execute()
    clock = new HandClock()
    jobs = new JobStore(db, systemClock)
    history = new RunHistory(db, systemClock)
    proofs = new CountedProofs(join(directory(), 'proofs'))
    outbox = new RecordingOutbox()
    desk = new ApprovalDesk(new DecisionStore(db, systemClock), log, () => undefined)
    lines.length = 0
    stopped.length = 0
  })
  after(async () => {
    await db.destroy()
  })

  /** An actor for a seat that has committed to a proof of so many bytes. */
  async function actorOf(
    bytes: number,
    parts: {
      readonly stores?: readonly ContentStore[]
      readonly inboxes?: readonly DeliveryInbox[]
      /** Of an actor that has not committed yet: why it had better not. */
      readonly excess?: Excess
      readonly journal?: CommitmentJournal
    },
  ): Promise<JobActor> {
    const { digest } = await proofs.adopt(WORKLOAD, Buffer.alloc(bytes, 7), Buffer.from('inputs'))
    const market = { interface: { encodeFunctionData: (_: string, args: unknown[]) => String(args.at(-1)) } }
    const contracts = { market, addresses: { market: `0x${'11'.repeat(20)}` }, chainId: 31_337 }
    return new JobActor({
      ...{ contracts, jobs, proofs, publisher: outbox, clock, log, onChange: () => undefined },
      calls: new MarketCalls(contracts as never),
      journal: parts.journal ?? {
        find: async () =>
          parts.excess === undefined ? { ...KEY, proofDigest: digest, salt: SALT, proofPath: '' } : undefined,
        record: () => assert.fail('a commitment was recorded'),
      },
      chain: { program: async () => ({ program: {} }), pin: async () => ({}) },
      history,
      reach: { excess: async () => parts.excess },
      policy: { safetySeconds: 20 },
      workshop: { stop: (workload: WorkloadId) => void stopped.push(workload) },
      desk,
      signer: {
        operator: `0x${'22'.repeat(20)}`,
        signDelivery: async (_: unknown, unsigned: object) => ({ ...unsigned, signature: '0x' }),
      },
      courier: new Courier({ inboxes: parts.inboxes ?? [], clock, log }),
      placer: new ProofPlacer({ stores: parts.stores ?? [], uri: '', clock, log }),
    } as unknown as JobActorOptions)
  }
  async function committed(seat = KEY.seat): Promise<Job> {
    return jobs.transition(await jobs.add({ ...KEY, seat }, false), 'committed')
  }
  const spec = { program: PROGRAM, deliveryKey: generateDeliveryKey().publicKey }
  const dossier = { workload: WORKLOAD, spec, events: [] } as unknown as Dossier
  function facts(now: number): JobFacts {
    return { now, rules: RULES, workload: { deadline: DEADLINE, judged: true, startedAt: 0 } } as unknown as JobFacts
  }
  function moody(mood: MoodyStore['mood'], uri?: string): MoodyStore {
    return Object.assign(new MoodyStore(join(directory(), `store-${stores++}`)), { mood, uri })
  }
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await soon()
  }

  describe('a commitment that another machine may have to open', () => {
    let journal: CommitmentJournal
    let job: Job

    beforeEach(async () => {
      const place = join(directory(), `shared-${stores++}`)
      proofs = new CountedProofs(join(place, 'proofs'), db)
      journal = new CommitmentJournal(db, join(place, 'commitments'), systemClock)
      job = await jobs.add(KEY, false)
      for (const state of ['fetching', 'running', 'proved'] as const) job = await jobs.transition(job, state)
    })
    const commit = (actor: JobActor) => actor.perform({ do: 'commit' }, job, dossier, facts(500))
    const copies = () => db.selectFrom('proofs').select('proof').execute()

    it('is not written before the copy of its proof is there, however the first try to write that ended', async () => {
      const actor = await actorOf(4_096, { journal })
      await db.deleteFrom('proofs').execute()
      const record = journal.record.bind(journal)
      let there = 0
      journal.record = async (...args) => {
        there = (await copies()).length
        return record(...args)
      }
      await commit(actor)
      expect(there, 'copies before the commitment').to.equal(1)
      expect((await copies()).map(({ proof }) => [...proof])).to.deep.equal([Array<number>(4_096).fill(7)])
      expect(outbox.requests.map(({ key }) => key)).to.deep.equal([`commit/${WORKLOAD}/7`])
    })

    it('waits for the copy twice, and is written without one that the server never takes', async () => {
      const actor = await actorOf(4_096, { journal })
      proofs.share = () => Promise.reject(new Error('the statement is too long'))
      for (let tries = 0; tries < 2; tries++)
        expect(await commit(actor).catch(String)).to.equal('Error: the statement is too long')
      expect(await journal.find(KEY)).to.be.undefined
      await commit(actor)
      expect(await journal.find(KEY)).to.include(KEY)
      expect(lines.join('\n')).to.contain('takes no copy of a proof').and.to.contain('the statement is too long')
      expect(outbox.requests).to.have.length(1)
    })

    it('a copy that is there is not written again', async () => {
      const { digest } = await proofs.adopt(WORKLOAD, Buffer.alloc(2_000, 1), Buffer.from('inputs'))
      await db
        .updateTable('proofs')
        .set({ public_inputs: Buffer.from('as it was') })
        .execute()
      await proofs.share(WORKLOAD, (await proofs.find(WORKLOAD))!)
      expect((await proofs.find(WORKLOAD))?.digest).to.equal(digest)
      const [row] = await db.selectFrom('proofs').select('public_inputs').execute()
      expect(Buffer.from(row!.public_inputs).toString()).to.equal('as it was')
    })
  })

  it('a store that hangs holds up no look, and the reveal until half of its window is over', async () => {
    const store = moody('hangs', 'ipfs://bafyone')
    const actor = await actorOf(4_096, { stores: [store] })
    const job = await committed()
    proofs.read = 0
    for (const now of [DEADLINE + 11, DEADLINE + 12, HALF])
      await actor.perform({ do: 'reveal' }, job, dossier, facts(now))
    expect(outbox.requests).to.be.empty
    expect([store.asked, proofs.read], 'puts, and proofs read').to.deep.equal([1, 1])
    expect((await jobs.find(KEY))?.state).to.equal('committed')
    await actor.perform({ do: 'reveal' }, job, dossier, facts(HALF + 1))
    expect(outbox.requests.map(({ key, data }) => [key, data])).to.deep.equal([[`reveal/${WORKLOAD}/7`, '']])
    expect((await jobs.find(KEY))?.state).to.equal('revealed')
    expect(lines.join('\n')).to.contain('before every store has it').and.to.contain(store.name)
    // On its way: nothing is read or tried again.
    await actor.perform({ do: 'reveal' }, (await jobs.find(KEY))!, dossier, facts(HALF + 2))
    expect([outbox.requests.length, store.asked, proofs.read]).to.deep.equal([1, 1, 2])
    expect(store.abandoned, 'it may come yet, and validators wait').to.equal(0)
  })

  it('reveals as soon as a store has the proof and says where, and asks for nothing where the event has room', async () => {
    const store = moody('takes', 'ipfs://bafyone')
    const actor = await actorOf(4_096, { stores: [store, moody('hangs')] })
    const job = await committed()
    while (outbox.requests.length === 0) {
      await soon()
      await actor.perform({ do: 'reveal' }, job, dossier, facts(DEADLINE + 11))
    }
    expect(outbox.requests.map(({ data }) => data)).to.deep.equal(['ipfs://bafyone'])
    const short = await actorOf(1_024, { stores: [store] })
    await short.perform({ do: 'reveal' }, await committed(8), dossier, facts(DEADLINE + 11))
    expect(outbox.requests.map(({ data }) => data)).to.deep.equal(['ipfs://bafyone', ''])
    expect(store.asked).to.equal(1)
  })

  it('what an earlier run has revealed goes on into the stores that lack it, on a machine that takes over too', async () => {
    const store = moody('fails')
    proofs = new CountedProofs(join(directory(), 'here'), db)
    const actor = await actorOf(4_096, { stores: [store] })
    const job = await jobs.transition(await committed(), 'revealed')
    // Only the copy on the server is left.
    await rm(join(directory(), 'here'), { recursive: true })
    for (const now of [HALF, HALF + 3]) await actor.perform({ do: 'place' }, job, dossier, facts(now))
    expect([store.asked, proofs.read], 'puts, and proofs read').to.deep.equal([1, 1])
    await until(() => clock.sleeping === 1)
    store.mood = 'takes'
    clock.pass(2_000)
    await until(() => lines.some((line) => line.includes('the proof is in the store now')))
    expect(outbox.requests).to.be.empty
  })

  it('the proof goes into the stores while a reveal of an earlier run is on its way', async () => {
    const store = moody('hangs')
    const actor = await actorOf(4_096, { stores: [store] })
    const job = await jobs.transition(await committed(), 'revealed')
    void outbox.publish({ key: `reveal/${WORKLOAD}/7` } as TxRequest)
    for (const now of [HALF, HALF + 1]) await actor.perform({ do: 'reveal' }, job, dossier, facts(now))
    expect([store.asked, proofs.read, outbox.requests.length]).to.deep.equal([1, 1, 1])
  })

  it('a short proof is not even read then, and one that is gone is missed once', async () => {
    const store = moody('takes')
    const actor = await actorOf(1_024, { stores: [store] })
    const job = await jobs.transition(await committed(), 'revealed')
    const place = (now: number) => actor.perform({ do: 'place' }, job, dossier, facts(now))
    await place(HALF)
    expect([store.asked, proofs.read]).to.deep.equal([0, 0])
    await proofs.remove(WORKLOAD)
    for (const now of [HALF + 3, HALF + 6]) await place(now)
    expect(lines.filter((line) => line.includes('a revealed proof is not here any more'))).to.have.length(1)
    expect((await jobs.find(KEY))?.state).to.equal('revealed')
  })

  it('stores are left alone once no seat of ours shows the proof any more', async () => {
    const store = moody('hangs')
    const actor = await actorOf(4_096, { stores: [store] })
    const [job, other] = [await committed(), await committed(8)]
    await actor.perform({ do: 'reveal' }, job, dossier, facts(DEADLINE + 11))
    await actor.perform({ do: 'close', state: 'lost', why: 'over' }, other, dossier, facts(DEADLINE + 12))
    expect(store.abandoned).to.equal(0)
    await actor.perform({ do: 'close', state: 'lost', why: 'over' }, job, dossier, facts(DEADLINE + 12))
    expect(store.abandoned).to.equal(1)
  })

  it('commits to no proof that can no longer be shown', async () => {
    const actor = await actorOf(4_096, { excess: { why: 'no relay carries that out', isPassing: false } })
    for (const [seat, open] of [
      [7, false],
      [8, true],
    ] as const) {
      let job = await jobs.add({ ...KEY, seat }, open)
      for (const state of ['fetching', 'running', 'proved'] as const) job = await jobs.transition(job, state)
      await actor.perform({ do: seat === 7 ? 'commit' : 'submit' }, job, dossier, facts(500))
      const { state, why, failReason } = (await jobs.find({ ...KEY, seat }))!
      expect([state, why]).to.deep.equal([open ? 'lost' : 'failed', 'no relay carries that out'])
      if (!open) expect(failReason).to.equal('OutOfTime')
    }
    expect(outbox.requests).to.be.empty
  })

  it('a commitment waits while nobody would show its proof and that may pass, until it is due', async () => {
    const passing = { why: 'no relay carries that out', isPassing: true }
    const actor = await actorOf(4_096, { excess: passing })
    let job = await jobs.add(KEY, false)
    for (const state of ['fetching', 'running', 'proved'] as const) job = await jobs.transition(job, state)
    const look = (now: number) =>
      actor.perform({ do: 'commit' }, job, dossier, { ...facts(now), terms: { maxRunTime: 600 } as JobFacts['terms'] })
    for (const now of [500, DEADLINE - 11]) await look(now)
    expect((await jobs.find(KEY))?.state).to.equal('proved')
    expect(lines.filter((line) => line.includes('is not committed to yet'))).to.have.length(1)
    await look(DEADLINE - 10)
    expect(await jobs.find(KEY)).to.include({ state: 'failed', why: passing.why, failReason: 'OutOfTime' })
    expect(outbox.requests).to.be.empty
  })

  it('a run goes on as long as another seat of ours works for it, however the one before has ended', async () => {
    const actor = await actorOf(1_024, {})
    const running = async (seat: number): Promise<Job> => {
      let job = await jobs.add({ ...KEY, seat }, false)
      for (const state of ['fetching', 'running'] as const) job = await jobs.transition(job, state)
      return job
    }
    const seats = []
    for (const seat of [1, 2, 3, 4]) seats.push(await running(seat))
    const [failing, declined, lost, last] = seats as [Job, Job, Job, Job]
    const slot = { state: 'Accepted' } as JobFacts['slot']
    const at = { ...facts(500), slot }
    await actor.perform({ do: 'fail', reason: 'OutOfTime', why: 'late' }, failing, dossier, at)
    const mined = await jobs.transition(declined, 'declined')
    await actor.perform({ do: 'close', state: 'declined', why: 'declined' }, mined, dossier, at)
    await actor.perform({ do: 'become', state: 'lost', why: 'gone' }, lost, dossier, at)
    expect(stopped).to.be.empty
    await actor.perform({ do: 'close', state: 'lost', why: 'over' }, last, dossier, at)
    expect(stopped).to.deep.equal([WORKLOAD])
    const states = (await jobs.ofWorkload(WORKLOAD)).map(({ state }) => state)
    expect(states).to.deep.equal(['failed', 'declined', 'lost', 'lost'])
  })

  it('work that is not on the chain any more waits for nobody', async () => {
    const actor = await actorOf(1_024, {})
    const job = await jobs.add(KEY, false)
    const offer = { spec: {}, terms: {} } as unknown as Dossier
    await actor.perform({ do: 'ask', until: 60 }, job, offer, facts(50))
    expect(desk.waiting.map(({ workload }) => workload)).to.deep.equal([WORKLOAD])
    await actor.abandon(job, 'the submission was undone')
    expect(desk.waiting).to.be.empty
    expect(await jobs.find(KEY)).to.include({ state: 'lost', closed: true })
  })

  describe('a proof that its verifier accepted here and refuses on the chain', () => {
    const onChain = async () => (await history.refusals(PROGRAM)).onChain
    const at = (state: string): JobFacts => ({ ...facts(HALF), slot: { state } }) as JobFacts
    const revealed = (name: string, args: object) => ({ ...dossier, events: [{ name, args: { seat: 7, ...args } }] })

    it('counts against its program, at once and once for all its seats', async () => {
      const actor = await actorOf(1_024, {})
      const invalid = { do: 'become', state: 'lost', why: 'the proof was judged invalid' } as const
      for (const seat of [7, 8])
        await actor.perform(invalid, await jobs.transition(await committed(seat), 'revealed'), dossier, at('Invalid'))
      expect(await onChain()).to.equal(1)
      // Of a job that is lost for another reason nothing was said.
      await actor.perform({ ...invalid, why: 'gone' }, await committed(9), { ...dossier, workload: OTHER }, at('Free'))
      expect(await onChain()).to.equal(1)
    })

    it('counts when its workload has ended before anybody looked, by a committee too', async () => {
      const actor = await actorOf(1_024, {})
      const close = { do: 'close', state: 'lost', why: 'the workload ended' } as const
      const told = (of: Dossier) => actor.perform(close, job, of, at('Free'))
      let job = await committed()
      await told(revealed('Revealed', { valid: false }) as unknown as Dossier)
      expect(await onChain()).to.equal(1)
      job = await jobs.add({ workload: OTHER, seat: 7 }, false)
      const judged = revealed('RevealedToCommittee', { order: 1 })
      const verdict = { name: 'Judged', args: { valid: 0b101 } }
      await told({ ...judged, workload: OTHER, events: [...judged.events, verdict] } as unknown as Dossier)
      expect(await onChain()).to.equal(2)
      const valid = { ...verdict, args: { valid: 0b010 } }
      job = await jobs.add({ workload: THIRD, seat: 7 }, false)
      await told({ ...judged, workload: THIRD, events: [...judged.events, valid] } as unknown as Dossier)
      expect(await onChain()).to.equal(0)
    })

    it('is sent in the open twice when its transactions revert and nobody knows why, and not again', async () => {
      const reverted = (error: GevulotError): TxOutcome => ({ kind: 'reverted', error, hash: '0x01' })
      const bare = reverted(chainError('CHAIN_TRANSACTION_REVERTED', 'was mined and reverted'))
      outbox = new EndingOutbox([bare, bare])
      const actor = await actorOf(1_024, {})
      const job = await committed()
      const submit = async (): Promise<[number, string]> => {
        await actor.perform({ do: 'submit' }, job, dossier, at('Accepted'))
        for (let turns = 0; turns < 50; turns++) await soon()
        clock.pass(60_000)
        return [await onChain(), (await jobs.find(KEY))!.state]
      }
      expect(await submit()).to.deep.equal([1, 'committed'])
      expect(await submit()).to.deep.equal([1, 'failed'])
      expect((await jobs.find(KEY))?.failReason).to.equal('ProgramFailed')
    })

    it('does not count when the transaction reverts and a later one is paid, or nobody can be asked why', async () => {
      const reverted = (cause?: unknown): TxOutcome => ({
        ...{ kind: 'reverted', hash: '0x01' },
        error: chainError('CHAIN_TRANSACTION_REVERTED', 'was mined and reverted', { cause }),
      })
      outbox = new EndingOutbox([reverted(new Error('the endpoint is down')), reverted()])
      const actor = await actorOf(1_024, {})
      const job = await committed()
      for (const count of [0, 1]) {
        await actor.perform({ do: 'submit' }, job, dossier, at('Accepted'))
        for (let turns = 0; turns < 50; turns++) await soon()
        clock.pass(60_000)
        expect(await onChain()).to.equal(count)
      }
      const close = { do: 'close', state: 'settled', why: 'rank 1' } as const
      const paid = revealed('Revealed', { valid: true }) as unknown as Dossier
      await actor.perform(close, (await jobs.find(KEY))!, paid, at('Free'))
      expect(await onChain()).to.equal(0)
    })

    it('is not sent in the open again where the market says what is wrong with it', async () => {
      const error = new GevulotError('CONTRACT_PROOF_NOT_VALID', CONTRACT_ERRORS.ProofNotValid, 'submitting')
      outbox = new EndingOutbox([{ kind: 'reverted', error }])
      const actor = await actorOf(1_024, {})
      await actor.perform({ do: 'submit' }, await committed(), dossier, at('Accepted'))
      for (let turns = 0; turns < 50; turns++) await soon()
      expect([await onChain(), (await jobs.find(KEY))?.state]).to.deep.equal([1, 'failed'])
    })
  })

  it('an inbox that hangs holds up no look, and no other inbox; after a minute it is given up', async () => {
    const arrived: Delivery[] = []
    const inbox = (put: DeliveryInbox['put']) => ({ put }) as unknown as DeliveryInbox
    const good = inbox(async (delivery) => void arrived.push(delivery))
    const actor = await actorOf(4_096, { inboxes: [inbox(() => new Promise(() => undefined)), good] })
    const job = await committed()
    for (let looks = 0; looks < 3; looks++) await actor.perform({ do: 'deliver' }, job, dossier, facts(500))
    await until(() => arrived.length > 0)
    await actor.perform({ do: 'deliver' }, job, dossier, facts(501))
    expect(arrived.map(({ seat }) => seat)).to.deep.equal([7])
    expect((await jobs.find(KEY))?.delivered, 'written down before it has ended').to.equal(false)
    await until(() => clock.sleeping === 1)
    clock.pass(60_000)
    await until(() => lines.some((line) => line.includes('the sealed proof is delivered')))
    await soon()
    await actor.perform({ do: 'deliver' }, job, dossier, facts(561))
    expect((await jobs.find(KEY))?.delivered).to.equal(true)
    expect(arrived).to.have.length(1)
  })
})
