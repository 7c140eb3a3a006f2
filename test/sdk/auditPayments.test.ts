import { expect } from 'chai'
import { auditDraw, auditPayments, expectedPayments, type Payment } from '../../sdk/src/audit/index.js'
import type { WorkloadEvent } from '../../sdk/src/chain/events.js'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import type { Spec } from '../../sdk/src/chain/spec.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import {
  aProgram,
  BAD_PROOF,
  idleSeat,
  prover,
  someInputs,
  startNetwork,
  TOKEN,
  type Network,
} from '../support/network.js'
import { rejected } from '../support/rejected.js'

describe('audit of payments', function () {
  this.timeout(120_000)
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

  async function drawn(redundancy: number): Promise<{ workload: WorkloadId; spec: Spec; seats: number[] }> {
    const { workload, spec } = await client.submit({
      program,
      inputs: someInputs(),
      fee: 10n * TOKEN,
      maxRunTime: 100,
      redundancy,
    })
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, spec, seats: slots.map(({ seat }) => seat) }
  }

  /** Audits, and returns the payments that both sides agree on. */
  async function agreed(workload: Hex): Promise<readonly Payment[]> {
    const audit = await auditPayments(network.operators[0]!.contracts, workload)
    expect(audit.have).to.deep.include({
      paid: audit.want.paid,
      refunded: audit.want.refunded,
      burned: audit.want.burned,
    })
    expect(audit.agrees).to.equal(true)
    return audit.want.slots
  }

  it('a lone proof, ranks with junk among them, an open rank', async () => {
    const lone = await drawn(1)
    await prover.submitProof(network, lone.spec, lone.seats[0]!)
    expect((await agreed(lone.workload)).map(({ rank }) => rank)).to.deep.equal([1])

    const { workload, spec, seats } = await drawn(2)
    await prover.decline(network, spec, seats[0]!)
    const open = await idleSeat(network, seats[1]!)
    await prover.commitOpen(network, workload, spec, open)
    await prover.commit(network, workload, seats[1]!)
    await network.chain.pass(102)
    await prover.reveal(network, spec, open)
    await prover.reveal(network, spec, seats[1]!)
    await client.settle({ workload })
    const ranks = new Map((await agreed(workload)).map(({ seat, rank }) => [seat, rank]))
    expect(ranks.get(seats[1]!)).to.equal(1)
    expect(ranks.get(open)).to.equal(2)

    const junk = await drawn(2)
    await prover.commit(network, junk.workload, junk.seats[0]!, BAD_PROOF)
    await prover.commit(network, junk.workload, junk.seats[1]!)
    await network.chain.pass(2)
    await prover.reveal(network, junk.spec, junk.seats[0]!, BAD_PROOF)
    await prover.reveal(network, junk.spec, junk.seats[1]!)
    await client.settle({ workload: junk.workload })
    expect((await agreed(junk.workload)).map(({ seat, rank }) => [seat, rank])).to.deep.equal([[junk.seats[1], 1]])
  })

  it('a release with a seat that waited, a cancel before the draw and one after it', async () => {
    const released = await drawn(2)
    await prover.accept(network, released.workload, released.seats[1]!)
    await prover.commit(network, released.workload, released.seats[0]!)
    await network.chain.pass(10)
    await client.release({ workload: released.workload })
    await network.chain.pass(2)
    await prover.reveal(network, released.spec, released.seats[0]!)
    await client.settle({ workload: released.workload })
    const waited = (await agreed(released.workload)).find(({ rank }) => rank === 0)
    expect(waited?.seat).to.equal(released.seats[1])
    expect(waited!.paid > 0n).to.equal(true)

    const early = await client.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })
    await client.cancel({ workload: early.workload })
    expect(await agreed(early.workload)).to.deep.equal([])

    const late = await drawn(1)
    await prover.accept(network, late.workload, late.seats[0]!)
    await (await client.contracts.market.cancel(late.spec, [])).wait()
    await network.chain.pass(7)
    await (await client.contracts.market.cancel(late.spec, late.seats)).wait()
    expect((await agreed(late.workload)).map(({ seat }) => seat)).to.deep.equal(late.seats)
  })

  it('nothing to audit yet, or nothing there', async () => {
    const { workload } = await client.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })
    const { contracts } = client
    await rejected(auditPayments(contracts, workload), 'CLIENT_NOTHING_TO_DO')
    await rejected(auditDraw(contracts, workload), 'CLIENT_NOTHING_TO_DO')
    await rejected(auditPayments(contracts, `0x${'12'.repeat(32)}`), 'CLIENT_WORKLOAD_UNKNOWN')
    await rejected(auditDraw(contracts, `0x${'12'.repeat(32)}`), 'CLIENT_WORKLOAD_UNKNOWN')
  })

  it('sees a rank given by anything but commit order', () => {
    const at = {
      block: 1,
      blockHash: `0x${'00'.repeat(32)}`,
      transaction: `0x${'00'.repeat(32)}`,
      logIndex: 0,
    } as const
    const event = (name: string, args: object) => ({ contract: 'market', at, name, args }) as unknown as WorkloadEvent
    const facts = (first: number, second: number) => ({
      terms: { fee: 10n * TOKEN, maxRunTime: 100, redundancy: 2 },
      rules: { baseBurnBps: 500, assignBounty: 0n, settleBounty: 0n, committeeBps: 500 },
      events: [
        event('Assigned', { candidates: [] }),
        event('Committed', { seat: first, slot: 0, order: 0, commitment: 1n }),
        event('Committed', { seat: second, slot: 1, order: 1, commitment: 1n }),
        event('Revealed', { seat: 7, valid: true }),
        event('Revealed', { seat: 8, valid: true }),
        event('Finished', { outcome: 'Proven' }),
      ],
      timeOf: () => 0,
      operatorOf: (seat: number): Hex => `0x${seat}`,
    })
    expect(expectedPayments(facts(7, 8)).slots.map(({ seat }) => seat)).to.deep.equal([7, 8])
    expect(expectedPayments(facts(8, 7)).slots.map(({ seat }) => seat)).to.deep.equal([8, 7])
  })
})
