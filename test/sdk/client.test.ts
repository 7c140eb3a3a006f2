import { expect } from 'chai'
import type { Hex } from '../../sdk/src/chain/hex.js'
import { checkPublicInputs } from '../../sdk/src/client/checkPublicInputs.js'
import type { WorkloadRequest } from '../../sdk/src/client/submission.js'
import type { SubmitParams } from '../../sdk/src/client/submit.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import type { WorkloadSlot } from '../../sdk/src/client/Workload.js'
import { systemClock } from '../../sdk/src/clock.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { rankShares } from '../../sdk/src/chain/rewards.js'
import {
  aProgram,
  idleSeat,
  operatorOf,
  BAD_PROOF,
  PROOF,
  prover,
  PUBLIC_INPUTS,
  someInputs,
  startNetwork,
  TOKEN,
  type Network,
} from '../support/network.js'
import { rejected } from '../support/rejected.js'

// A tenth of it is the time to answer; a commit after that finds an open slot, and commits do not close early.
const RUN_TIME = 200
const FEE = 10n * TOKEN

describe('client: a workload on a chain', function () {
  this.timeout(60_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  const submit = (params: Partial<SubmitParams> = {}) =>
    client.submit({ program, inputs: someInputs(), fee: FEE, maxRunTime: RUN_TIME, ...params })

  /** Submits and draws; every slot has a seat. */
  async function drawn(params: Partial<SubmitParams> = {}) {
    const { workload, spec } = await submit(params)
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    expect(slots.length).to.equal(params.redundancy ?? 1)
    return { workload, spec, seats: slots.map(({ seat }) => seat) }
  }

  const statusOf = async (workload: Hex) => (await client.getWorkload({ workload })).status

  it('settles many in one transaction, around one that is live', async () => {
    const ended = [await drawn(), await drawn()]
    // A seat that never answers would stay busy, and the tests after this one need idle ones.
    for (const { workload, seats } of ended) await prover.accept(network, workload, seats[0]!)
    await network.chain.pass(RUN_TIME + 40)
    const live = await drawn()
    const ids = [ended[0]!.workload, live.workload, ended[1]!.workload]
    const results = await client.settleMany({ workloads: ids })
    expect(results.map(({ workload }) => workload)).to.deep.equal(ids)
    expect(results.map(({ error }) => error?.code)).to.deep.equal([undefined, 'CONTRACT_TOO_EARLY', undefined])
    expect(await Promise.all(ids.map(statusOf))).to.deep.equal(['expired', 'proving', 'expired'])
    await prover.fail(network, live.spec, live.seats[0]!, 'ProgramFailed')
    expect(await client.settleMany({ workloads: [] })).to.deep.equal([])
    await rejected(client.settleMany({ workloads: [`0x${'77'.repeat(32)}`] }), 'CLIENT_WORKLOAD_UNKNOWN')
  })

  it('balances: deposits, reads and withdraws', async () => {
    const before = await client.getBalance()
    await client.deposit({ amount: 5n * TOKEN })
    await client.withdraw({ amount: 3n * TOKEN })
    const after = await client.getBalance()
    expect(after.market - before.market).to.equal(2n * TOKEN)
    expect(before.wallet - after.wallet).to.equal(2n * TOKEN)
    const error = await rejected(client.withdraw({ amount: 10n ** 30n }), 'CONTRACT_INSUFFICIENT_BALANCE')
    expect(error.details).to.include({ have: after.market, want: 10n ** 30n })
    await rejected(client.deposit({ amount: 10n ** 30n }), 'CONTRACT_ERC20_INSUFFICIENT_BALANCE')
  })

  it('programs: deploying again changes nothing', async () => {
    const params = { prover: `0x${'ab'.repeat(32)}`, verifier: network.verifier, uri: 'https://programs.example.org/' }
    const first = await client.deployProgram(params)
    expect(first.created).to.equal(true)
    expect(await client.deployProgram(params)).to.deep.equal({ ...first, created: false })
    expect(await client.getProgram({ program: first.program })).to.include({
      ...params,
      class: 1,
      verifierGas: 1_000_000,
    })
    await rejected(
      client.deployProgram({ ...params, verifier: network.requester.address as Hex }),
      'CONTRACT_INVALID_PROGRAM',
    )
    await rejected(client.deployProgram({ ...params, prover: '0x12' }), 'CONTENT_DIGEST_INVALID')
  })

  it('pays one proof, which stays on the chain', async () => {
    const { market } = await client.getBalance()
    const quoted = await client.quote({ program, maxRunTime: RUN_TIME, fee: FEE })
    const { workload, spec, seats } = await drawn()
    expect((await client.getBalance()).market).to.equal(market - FEE + quoted.split.assignBounty)
    expect(await statusOf(workload)).to.equal('proving')
    await prover.submitProof(network, spec, seats[0]!)
    const ended = await client.getWorkload({ workload })
    expect(ended).to.include({ status: 'proven', paid: quoted.ranks[0], burned: quoted.outcomes.proven[0]!.burned })
    expect(ended.slots[0]).to.include({ status: 'valid', rank: 1 })
    const proof = await client.waitForProof({ workload })
    expect(proof.from).to.equal('transaction')
    expect(Buffer.from(proof.proof).equals(PROOF)).to.equal(true)
    expect(Buffer.from(proof.publicInputs).equals(PUBLIC_INPUTS)).to.equal(true)
  })

  it('ranks three proofs by commit order and pays as quoted', async () => {
    const quoted = await client.quote({ program, maxRunTime: RUN_TIME, redundancy: 3, fee: FEE })
    const { workload, spec, seats } = await drawn({ redundancy: 3 })
    const order = [seats[2]!, seats[0]!, seats[1]!]
    await prover.accept(network, workload, seats[0]!)
    for (const seat of order) await prover.commit(network, workload, seat)
    const closed = await client.getWorkload({ workload })
    expect(closed.status).to.equal('revealing')
    if (closed.status !== 'revealing') return
    expect(closed).to.include({ commits: 3, revealed: 0, revealUntil: closed.revealFrom + 30 })
    await rejected(client.fetchProof({ workload }), 'CLIENT_NO_PROOF')
    await network.chain.pass(3)
    for (const seat of seats) await prover.reveal(network, spec, seat)
    expect(await client.getWorkload({ workload })).to.include({ status: 'settleable', outcome: 'Proven' })
    await client.settle({ workload })
    const ended = await client.getWorkload({ workload })
    const paid = (seat: number): WorkloadSlot => ended.slots.find((slot) => slot.seat === seat)!
    expect(order.map((seat) => paid(seat).rank)).to.deep.equal([1, 2, 3])
    expect(order.map((seat) => paid(seat).paid)).to.deep.equal(quoted.ranks)
    expect(quoted.ranks).to.deep.equal(rankShares(quoted.split.pot, 3))
    expect(ended).to.include({ status: 'proven', burned: quoted.outcomes.proven[2]!.burned })
    expect((await client.fetchProof({ workload })).seat).to.equal(order[0])
    await rejected(client.clear({ workload }), 'CLIENT_NOTHING_TO_DO')
  })

  it('submits once however often it is asked with one nonce', async () => {
    const { nonce } = await client.getBalance()
    const inputs = someInputs()
    const first = await submit({ inputs, nonce })
    const again = await submit({ inputs, nonce })
    expect(first.created).to.equal(true)
    expect(again).to.deep.equal({ ...first, created: false })
    const other = await rejected(submit({ inputs: someInputs(), nonce }), 'CLIENT_NONCE_USED')
    expect(other.details).to.include({ workload: first.workload, difference: 'inputs' })
    await rejected(submit({ nonce: nonce + 5 }), 'CONTRACT_WRONG_NONCE')
  })

  it('submits several workloads asked for at the same time', async () => {
    const submitted = await Promise.all([submit({}), submit({}), submit({})])
    expect(new Set(submitted.map(({ workload }) => workload)).size).to.equal(3)
    expect(submitted.map(({ created }) => created)).to.deep.equal([true, true, true])
  })

  it('refuses what the market would refuse, before it is sent', async () => {
    const sent = () => network.chain.provider.getTransactionCount(network.requester.address)
    const before = await sent()
    const quoted = await client.quote({ program, maxRunTime: RUN_TIME, redundancy: 2 })
    const low = await rejected(submit({ fee: quoted.minimumFee - 1n, redundancy: 2 }), 'CONTRACT_FEE_TOO_LOW')
    expect(low.details).to.deep.equal({ fee: quoted.minimumFee - 1n, minimum: quoted.minimumFee })
    await rejected(submit({ fee: 2_000n * TOKEN }), 'CONTRACT_INSUFFICIENT_BALANCE')
    await rejected(submit({ program: `0x${'99'.repeat(32)}` }), 'CONTRACT_UNKNOWN_PROGRAM')
    await rejected(submit({ program: '0x1234' }), 'CHAIN_HEX_INVALID')
    await rejected(submit({ redundancy: 9 }), 'CONTRACT_INVALID_TERMS')
    await rejected(submit({ rescue: 49 }), 'CONTRACT_INVALID_TERMS')
    await rejected(submit({ maxRunTime: 0.5 }), 'CONTRACT_INVALID_TERMS')
    await rejected(submit({ inputs: { digest: 'nonsense', publicInputs: '0x' } }), 'CONTENT_DIGEST_INVALID')
    await rejected(submit({ inputs: { files: { public_inputs: PUBLIC_INPUTS } } }), 'CLIENT_OPTION_MISSING')
    for (const inputsUri of [
      'inputs',
      'ftp://example.org/',
      'https://user:secret@example.org/',
      `https://${'x'.repeat(1100)}`,
    ]) {
      await rejected(submit({ inputsUri }), 'CLIENT_URI_INVALID')
    }
    expect(await sent()).to.equal(before)
  })

  it('refuses public inputs that no transaction can show, before they are published', async () => {
    const sent = () => network.chain.provider.getTransactionCount(network.requester.address)
    const before = await sent()
    const store = new MemoryStore()
    const publishing = await network.client({ store })
    const terms = { program, fee: FEE, maxRunTime: RUN_TIME }
    const large = Buffer.alloc(126 * 1024 + 1)
    const refused = async (inputs: WorkloadRequest['inputs'], more: { readonly nonce?: number } = {}) =>
      rejected(publishing.submit({ ...terms, inputs, ...more }), 'CLIENT_PUBLIC_INPUTS_TOO_LARGE')

    const error = await refused({ files: { public_inputs: large } })
    expect(error.details).to.deep.equal({ bytes: large.length, most: 126 * 1024 })
    expect(await store.has(digestOf(large))).to.equal(false)
    // A stream has no size until it is published.
    const stream = (async function* () {
      yield* [await Promise.resolve(large)]
    })()
    await refused({ files: { public_inputs: stream } })
    const published = await publishing.publishInputs({ files: { public_inputs: large } })
    expect(published.publicInputsBytes).to.equal(large.length)
    await refused(published)
    const inBatch = await rejected(
      publishing.submitMany({ requests: [someInputs(), published].map((inputs) => ({ ...terms, inputs })) }),
      'CLIENT_PUBLIC_INPUTS_TOO_LARGE',
    )
    expect(inBatch.details).to.include({ index: 1 })
    const { nonce } = await client.getBalance()
    await refused(published, { nonce })
    expect(await sent()).to.equal(before)

    // What is on the chain already is found, whatever it is.
    const { publicInputsBytes: _, ...unknown } = published
    const { workload } = await publishing.submit({ ...terms, inputs: unknown, nonce })
    expect(await publishing.submit({ ...terms, inputs: published, nonce })).to.include({ workload, created: false })
    // As large as they may be; and a committee reads files.
    const most = await publishing.publishInputs({ files: { public_inputs: large.subarray(1) } })
    expect(await publishing.submit({ ...terms, inputs: most })).to.include({ created: true })
    await checkPublicInputs({ judged: true }, published)
  })

  it('cancels for free before the round is fixed', async () => {
    const { market } = await client.getBalance()
    const { workload } = await submit()
    const pending = await client.getWorkload({ workload })
    expect(pending).to.include({ status: 'pending', cancelFree: true })
    await client.cancel({ workload })
    expect(await statusOf(workload)).to.equal('cancelled')
    expect((await client.getBalance()).market).to.equal(market)
    await client.cancel({ workload })
    await rejected(client.waitForProof({ workload }), 'CLIENT_WORKLOAD_CANCELLED')
  })

  it('cancels in two steps after the draw and pays who accepted', async () => {
    const { workload, seats } = await drawn({ redundancy: 2 })
    await prover.accept(network, workload, seats[1]!)
    const clock = { ...systemClock, sleep: () => network.chain.pass(2) }
    await (await network.client({ clock })).cancel({ workload })
    const ended = await client.getWorkload({ workload })
    expect(ended.status).to.equal('cancelled')
    const accepted = ended.slots.find(({ seat }) => seat === seats[1])
    expect((accepted?.paid ?? 0n) > 0n).to.equal(true)
    if (ended.status === 'cancelled') expect(ended.paid).to.equal(accepted?.paid)
    // The seat that had not answered owes nothing any more, but is at work until somebody clears it.
    expect(await client.contracts.market.isHeld(seats[0]!)).to.equal(true)
    await client.clear({ workload })
    expect(await client.contracts.market.isHeld(seats[0]!)).to.equal(false)
  })

  it('refuses to cancel once there is a commit, and releases instead', async () => {
    const { workload, spec, seats } = await drawn({ redundancy: 2 })
    await rejected(client.release({ workload }), 'CONTRACT_NO_COMMITS')
    await prover.accept(network, workload, seats[1]!)
    await prover.commit(network, workload, seats[0]!)
    await rejected(client.cancel({ workload }), 'CONTRACT_COMMITS_EXIST')
    await client.release({ workload })
    await network.chain.pass(3)
    await prover.reveal(network, spec, seats[0]!)
    await client.settle({ workload })
    const ended = await client.getWorkload({ workload })
    expect(ended.status).to.equal('proven')
    // The one that had accepted gets a part of the unfilled rank.
    expect(ended.slots.find(({ seat }) => seat === seats[1])).to.include({ rank: 0 })
  })

  it('opens declined slots to others and settles what they committed', async () => {
    const { workload, spec, seats } = await drawn()
    await prover.decline(network, spec, seats[0]!)
    const open = await client.getWorkload({ workload })
    expect(open).to.include({ status: 'proving', openSlots: 1 })
    const other = await idleSeat(network, seats[0]!)
    await prover.commitOpen(network, workload, spec, other)
    await client.release({ workload })
    await network.chain.pass(3)
    await prover.reveal(network, spec, other)
    await client.settle({ workload })
    const { slots } = await client.getWorkload({ workload })
    expect(slots.map(({ status, slot }) => [status, slot])).to.deep.equal([
      ['declined', 0],
      ['valid', 'open'],
    ])
    expect(slots[1]).to.include({ operator: operatorOf(network, other).address, rank: 1 })
  })

  it('says why a workload expired', async () => {
    const failed = await drawn()
    await prover.fail(network, failed.spec, failed.seats[0]!, 'InputsUnavailable')
    const told = await client.getWorkload({ workload: failed.workload })
    expect(told).to.include({ status: 'proving', failReason: 'InputsUnavailable' })
    const invalid = await drawn({ redundancy: 2 })
    for (const seat of invalid.seats) await prover.commit(network, invalid.workload, seat, BAD_PROOF)
    await network.chain.pass(3)
    for (const seat of invalid.seats) await prover.reveal(network, invalid.spec, seat, BAD_PROOF)
    const early = await rejected(client.waitForProof({ workload: invalid.workload }), 'CLIENT_WORKLOAD_EXPIRED')
    expect(early.details).to.include({ reason: 'InvalidProof' })
    const silent = await drawn()
    await network.chain.pass(RUN_TIME + 40)
    const unserved = await submit()
    await network.chain.pass(4 * network.parameters.epochLength)
    for (const [{ workload }, reason] of [
      [failed, 'InputsUnavailable'],
      [invalid, 'InvalidProof'],
      [silent, 'Unserved'],
      [unserved, 'Unserved'],
    ] as const) {
      expect(await client.getWorkload({ workload })).to.include({ status: 'settleable', outcome: reason })
      await client.settle({ workload })
      expect(await client.getWorkload({ workload })).to.include({ status: 'expired', reason })
    }
    await client.slash({ workload: silent.workload })
    const { slots } = await client.getWorkload({ workload: silent.workload })
    expect(slots[0]).to.include({ status: 'silent' })
    await rejected(client.slash({ workload: silent.workload }), 'CLIENT_NOTHING_TO_DO')
  })

  it('derives from the time what the contract derives, at every boundary', async () => {
    const { workload, seats } = await drawn({ redundancy: 3 })
    await prover.accept(network, workload, seats[0]!)
    await prover.commit(network, workload, seats[1]!)
    const start = await client.getWorkload({ workload })
    if (start.status !== 'proving') throw new Error(`it is ${start.status}`)
    const { responseUntil, rescueAt, deadline } = start
    expect([responseUntil, rescueAt, deadline].map((time) => time - start.startedAt)).to.deep.equal([20, 120, 200])
    const seen: unknown[] = []
    for (const time of [responseUntil, responseUntil + 1, rescueAt - 1, rescueAt, deadline, deadline + 1]) {
      await network.chain.provider.send('evm_setNextBlockTimestamp', [time])
      await network.chain.mine(1)
      const now = await client.getWorkload({ workload })
      expect(now.time).to.equal(time)
      const openSlots = now.status === 'proving' ? now.openSlots : 0
      const block = await network.chain.provider.getBlockNumber()
      expect(openSlots).to.equal(Number(await client.contracts.market.openSlots(workload, { blockTag: block })))
      seen.push([now.status, openSlots])
    }
    expect(seen).to.deep.equal([
      ['proving', 0],
      ['proving', 1],
      ['proving', 1],
      ['proving', 2],
      ['proving', 2],
      ['revealing', 0],
    ])
    await rejected(client.settle({ workload }), 'CONTRACT_TOO_EARLY')
    await network.chain.pass(32)
    expect(await client.getWorkload({ workload })).to.include({ status: 'settleable', outcome: 'NotRevealed' })
    await client.settle({ workload })
    expect(await client.getWorkload({ workload })).to.include({ status: 'expired', reason: 'NotRevealed' })
  })

  it('does not know workloads that are none', async () => {
    await rejected(client.getWorkload({ workload: `0x${'42'.repeat(32)}` }), 'CLIENT_WORKLOAD_UNKNOWN')
    await rejected(client.getWorkload({ workload: '0x42' }), 'CHAIN_HEX_INVALID')
    const settings = { transactionTimeoutMs: 100 }
    await rejected(client.waitForProof({ workload: `0x${'42'.repeat(32)}`, settings }), 'CLIENT_WORKLOAD_UNKNOWN')
  })

  it('stops to wait at the time-out, at the windows of the workload, and when told', async () => {
    const { workload } = await drawn()
    await rejected(client.waitForProof({ workload, timeoutMs: 100 }), 'CLIENT_WAIT_TIMEOUT')
    const stop = new AbortController()
    const waiting = client.waitForProof({ workload, signal: stop.signal })
    stop.abort(new Error('enough'))
    expect(await waiting.catch((error: unknown) => error))
      .to.have.property('name')
      .that.is.oneOf(['AbortError', 'Error'])
    // A clock that runs away: the chain stands still, but the workload's last window passes here.
    let now = 0
    const clock = { ...systemClock, elapsed: () => now, sleep: async () => void (now += 60_000) }
    await rejected((await network.client({ clock })).waitForProof({ workload }), 'CLIENT_WAIT_TIMEOUT')
    await network.chain.pass(RUN_TIME + 40)
    await rejected(client.waitForProof({ workload }), 'CLIENT_WORKLOAD_EXPIRED')
  })

  it('watches the events of one workload to its end, and resumes', async () => {
    const { workload, spec, seats } = await drawn()
    await prover.submitProof(network, spec, seats[0]!)
    const names: string[] = []
    let cursor
    for await (const update of client.watchWorkload({ workload })) {
      if (update.kind === 'events') names.push(...update.events.map(({ name }) => name))
      ;({ cursor } = update)
    }
    expect(names).to.deep.equal(['Submitted', 'Assigned', 'Revealed', 'SlotSettled', 'Finished'])
    // Behind the last event there is nothing to wait for, although no block comes any more.
    for await (const update of client.watchWorkload({ workload, ...(cursor && { cursor }) }))
      expect.fail(`something came: ${update.kind}`)
  })
})
