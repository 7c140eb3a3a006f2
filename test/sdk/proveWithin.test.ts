import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { readEvents } from '../../sdk/src/chain/readEvents.js'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import { unpackTerms } from '../../sdk/src/chain/terms.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import type { Attempt } from '../../sdk/src/client/proveWithin.js'
import {
  aProgram,
  BAD_PROOF,
  PROOF,
  prover,
  someInputs,
  startNetwork,
  TOKEN,
  UNHURRIED,
  type Network,
} from '../support/network.js'
import { rejected } from '../support/rejected.js'

// Real contracts; what the provers do to each attempt is written in each test.
describe('client: attempts within a budget', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  // A network each: seats that missed too often are drawn no more.
  beforeEach(async () => {
    // Commits behind the response window would not close early.
    network = await startNetwork({ ...UNHURRIED, rules: { ...UNHURRIED.rules, responseWindow: 60 } })
    client = await network.client()
    await client.deposit({ amount: 10_000n * TOKEN })
    program = await aProgram(network, client)
  })
  afterEach(() => network.chain.stop())

  /** The workload that a nonce submitted, drawn. */
  async function drawn(nonce: number): Promise<WorkloadId> {
    for (let tries = 0; tries < 400; tries++, await sleep(25)) {
      for await (const event of readEvents(client.contracts, {
        names: ['Submitted'],
        requester: network.requester.address as Hex,
      })) {
        // prettier-ignore
        if (event.name !== 'Submitted' || unpackTerms(event.args.terms).nonce !== nonce) continue
        await network.chain.mine(4)
        await client.assign({ workload: event.args.workload })
        return event.args.workload
      }
    }
    throw new Error(`nonce ${nonce} submitted nothing`)
  }
  const seatsOf = async (workload: WorkloadId) => (await client.getWorkload({ workload })).slots.map(({ seat }) => seat)
  async function prove(workload: WorkloadId): Promise<void> {
    const { spec, slots } = await client.getWorkload({ workload })
    await prover.submitProof(network, spec, slots[0]!.seat)
  }
  /** Accepted, and then nothing. */
  async function tooSlow(workload: WorkloadId): Promise<void> {
    const [seat] = await seatsOf(workload)
    await prover.accept(network, workload, seat!)
    await network.chain.pass((await client.getWorkload({ workload })).terms.maxRunTime + 60)
  }
  const request = () => ({ program, inputs: someInputs(), maxRunTime: 600 })
  /** Runs the acts on the attempts as they come. */
  const acting = (...acts: ((workload: WorkloadId) => Promise<void>)[]) => {
    const attempts: Attempt[] = []
    const running: Promise<void>[] = []
    const onAttempt = (attempt: Attempt, number: number): void => {
      attempts[number] = attempt
      const act = acts[number]
      if (act !== undefined) running.push(drawn(attempt.nonce).then(act))
    }
    return { attempts, onAttempt, ended: () => Promise.all(running) }
  }

  it('gives more time when it was too short, and more fee when nobody took it up', async () => {
    const slow = acting(tooSlow, prove)
    const { proof, attempts } = await client.proveWithin({ ...request(), escalation: { budget: 100n * TOKEN }, onAttempt: slow.onAttempt }) // prettier-ignore
    await slow.ended()
    expect(proof.from).to.equal('transaction')
    expect(attempts.map(({ maxRunTime }) => maxRunTime)).to.deep.equal([600, 1_200])
    expect(attempts.map(({ workload: _, ...attempt }) => attempt)).to.deep.equal(slow.attempts)

    const unwanted = acting(
      (workload) => client.getWorkload({ workload }).then(({ terms }) => network.chain.pass(terms.maxRunTime + 60)),
      prove,
    )
    const second = await client.proveWithin({ ...request(), escalation: { budget: 100n * TOKEN }, onAttempt: unwanted.onAttempt }) // prettier-ignore
    await unwanted.ended()
    const [before, after] = second.attempts.map(({ fee }) => fee)
    expect(after).to.equal((before! * 3n) / 2n)
  })

  it('asks for more proofs when those that came were not valid', async () => {
    const answering = (proof: Uint8Array) => async (workload: WorkloadId) => {
      const { spec, slots } = await client.getWorkload({ workload })
      for (const { seat } of slots) await prover.commit(network, workload, seat, proof)
      await network.chain.pass(3)
      for (const { seat } of slots) await prover.reveal(network, spec, seat, proof)
    }
    const junk = acting(answering(BAD_PROOF), answering(PROOF))
    const { attempts } = await client.proveWithin({ ...request(), redundancy: 2, escalation: { budget: 100n * TOKEN }, onAttempt: junk.onAttempt }) // prettier-ignore
    await junk.ended()
    expect(attempts.map(({ redundancy }) => redundancy)).to.deep.equal([2, 3])
  })

  it('never goes beyond its budget or its attempts', async () => {
    const { minimumFee } = await client.quote(request())
    const { nonce } = await client.getBalance()
    const poor = acting(tooSlow)
    const escalation = { budget: (3n * minimumFee) / 2n }
    const error = await rejected(client.proveWithin({ ...request(), escalation, onAttempt: poor.onAttempt }), 'CLIENT_ESCALATION_ENDED') // prettier-ignore
    await poor.ended()
    expect(error.details).to.deep.include({ attempts: 1, spent: minimumFee, reason: 'TimedOut' })
    const few = acting(tooSlow)
    await rejected(client.proveWithin({ ...request(), escalation: { budget: 100n * TOKEN, attempts: 1 }, onAttempt: few.onAttempt }), 'CLIENT_ESCALATION_ENDED') // prettier-ignore
    await few.ended()
    await rejected(client.proveWithin({ ...request(), escalation: { budget: minimumFee - 1n } }), 'CLIENT_ESCALATION_ENDED') // prettier-ignore
    expect((await client.getBalance()).nonce).to.equal(nonce + 2)
  })

  it('does not pay again for what fails by itself', async () => {
    const failing = acting(async (workload) => {
      const { spec, slots } = await client.getWorkload({ workload })
      await prover.fail(network, spec, slots[0]!.seat, 'ProgramFailed')
      await network.chain.pass(700)
    })
    const { nonce } = await client.getBalance()
    const error = await rejected(client.proveWithin({ ...request(), escalation: { budget: 100n * TOKEN }, onAttempt: failing.onAttempt }), 'CLIENT_WORKLOAD_EXPIRED') // prettier-ignore
    await failing.ended()
    expect(error.details).to.include({ reason: 'ProgramFailed' })
    expect((await client.getBalance()).nonce).to.equal(nonce + 1)
  })

  it('goes on after a restart with what it had sent, and pays for nothing twice', async () => {
    const { nonce } = await client.getBalance()
    const stop = new AbortController()
    const asked = request()
    const first = acting(tooSlow, async () => stop.abort(new Error('killed')))
    const params = { ...asked, escalation: { budget: 100n * TOKEN } }
    const killed = await client.proveWithin({ ...params, onAttempt: first.onAttempt, signal: stop.signal }).catch((error: unknown) => error) // prettier-ignore
    expect(killed).to.be.instanceOf(Error)
    expect(stop.signal.aborted).to.be.true
    await first.ended()
    expect(first.attempts).to.have.length(2)
    const told: Attempt[] = []
    const again = client.proveWithin({ ...params, earlier: first.attempts, onAttempt: (attempt) => void told.push(attempt) }) // prettier-ignore
    await prove(await drawnAlready(first.attempts[1]!.nonce))
    const { attempts } = await again
    expect(attempts.map((attempt) => attempt.nonce)).to.deep.equal([nonce, nonce + 1])
    expect(told).to.deep.equal([])
    expect((await client.getBalance()).nonce).to.equal(nonce + 2)
  })

  async function drawnAlready(nonce: number): Promise<WorkloadId> {
    for await (const event of readEvents(client.contracts, {
      names: ['Submitted'],
      requester: network.requester.address as Hex,
    })) {
      // prettier-ignore
      if (event.name === 'Submitted' && unpackTerms(event.args.terms).nonce === nonce) return event.args.workload
    }
    throw new Error(`nonce ${nonce} submitted nothing`)
  }
})
