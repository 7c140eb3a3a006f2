import { expect } from 'chai'

import { auditPayments } from '../../../sdk/src/audit/index.js'
import type { WorkloadEvent, WorkloadId } from '../../../sdk/src/chain/index.js'
import type { Operator, TestNetwork } from './TestNetwork.js'

const BOND = 1_000n * 10n ** 18n

/**
 * What holds after any fault: the workload has ended, once; no seat has committed or revealed twice, nor signed a second commitment, or was slashed; what was paid is what follows
 * from the chain; the market holds what it owes; the bonds are whole.
 * @param apart The operator has machines that share no journal.
 */
export async function expectEnded(
  network: TestNetwork,
  operator: Operator,
  workload: WorkloadId,
  { apart = false } = {},
): Promise<void> {
  await network.until(workload, 'Finished', 300)
  const events = await network.eventsOf(workload)
  const names = events.map(({ name }) => name)
  expect(count(names, 'Finished'), names.join(' ')).to.equal(1)
  expect(names).to.not.include('Silent')
  for (const seat of operator.seats) {
    const own = namesOf(events, seat)
    for (const act of ['Committed', 'Revealed'] as const) expect(count(own, act), own.join(' ')).to.be.at.most(1)
  }
  if (!apart) for (const seat of operator.seats) expectOneCommitment(network, workload, seat)
  expect((await auditPayments(network.contracts, workload)).agrees).to.be.true
  const { market, registry, token } = network.contracts
  const held = await token.balanceOf(market)
  const accounts = [network.requester.account!, operator.wallet.address]
  const balances = await Promise.all(accounts.map(async (account) => (await market.accountOf(account)).balance))
  expect(held).to.be.greaterThanOrEqual(balances.reduce((sum, balance) => sum + balance, 0n))
  for (const seat of operator.seats) expect((await registry.seatOf(seat)).bond).to.equal(BOND)
}

/** As {@link expectEnded}, and nothing was lost: every seat has shown its proof, and none missed. */
export async function expectProved(network: TestNetwork, operator: Operator, workload: WorkloadId): Promise<void> {
  await expectEnded(network, operator, workload)
  const events = await network.eventsOf(workload)
  for (const seat of operator.seats) {
    const own = namesOf(events, seat)
    expect(count(own, 'Revealed'), own.join(' ')).to.equal(1)
    expect(own).to.not.include('Missed')
  }
}

/** The chain takes one commitment of a seat; nobody may even sign another, which a reorg could bring in its place. */
function expectOneCommitment({ workers }: TestNetwork, workload: WorkloadId, seat: number): void {
  const signed = workers
    .flatMap(({ lines }) => lines)
    .filter((line) => line.message === 'transaction signed' && line['workload'] === workload && line['seat'] === seat)
  const commitments = new Set(signed.flatMap((line) => line['commitment'] ?? []))
  expect([...commitments], `commitments that seat ${seat} signed`).to.have.length.at.most(1)
}

function namesOf(events: readonly WorkloadEvent[], seat: number): string[] {
  return events.filter((event) => 'seat' in event.args && event.args.seat === seat).map(({ name }) => name)
}

function count(names: readonly string[], name: string): number {
  return names.filter((each) => each === name).length
}
