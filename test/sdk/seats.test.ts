import { expect } from 'chai'

import type { Hex } from '../../sdk/src/chain/index.js'
import { getBounty, getSeats, joinSeats, leaveSeats, topUpSeats, withdrawBounty } from '../../sdk/src/client/index.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { aProgram, operatorOf, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

/** Epochs after which a seat that is out can join again, and one. */
const REJOIN = 5

describe('client: seats that come back', function () {
  this.timeout(120_000)
  let network: Network
  let requester: GevulotClient

  before(async () => {
    network = await startNetwork()
    requester = await network.client()
    await requester.deposit({ amount: 1_000n * TOKEN })
  })
  after(() => network.chain.stop())

  const pass = (epochs: number): Promise<void> => network.chain.pass(epochs * network.parameters.epochLength)

  /** A seat that was drawn and said nothing, slashed by the requester. */
  async function slashed(): Promise<number> {
    const program = await aProgram(network, requester)
    const terms = { program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 100, redundancy: 1 }
    const { workload } = await requester.submit(terms)
    await network.chain.mine(4)
    await requester.assign({ workload })
    const { slots } = await requester.getWorkload({ workload })
    await network.chain.pass(network.parameters.rules.silenceWindow + 700)
    await requester.slash({ workload })
    return slots[0]!.seat
  }

  it('a slashed one is topped up, joins again, and whoever reported it has its bounty', async () => {
    expect(await getBounty(requester)).to.equal(0n)
    await rejected(withdrawBounty(requester), 'CONTRACT_NOTHING_DUE')
    const seat = await slashed()
    const own = operatorOf(network, seat)
    const client = await network.client({ signer: own.account })
    const standing = async () => (await getSeats(client, { operator: own.address })).find((one) => one.seat === seat)
    expect(await standing()).to.include({ status: 'Inactive', bond: 900n * TOKEN })
    await pass(REJOIN)
    await rejected(joinSeats(client, { seats: [seat] }), 'CONTRACT_BOND_INCOMPLETE')
    await rejected(topUpSeats(requester, { seats: [seat] }), 'CONTRACT_NOT_SEAT_OPERATOR')
    const { wallet } = await client.getBalance()
    // The other seat of the account is full already.
    expect(await topUpSeats(client, { seats: own.seats })).to.equal(100n * TOKEN)
    expect((await client.getBalance()).wallet).to.equal(wallet - 100n * TOKEN)
    await rejected(topUpSeats(client, { seats: own.seats }), 'CONTRACT_NOTHING_DUE')
    await joinSeats(client, { seats: [seat] })
    expect(await standing()).to.include({ status: 'Active', bond: 1_000n * TOKEN })

    expect(await getBounty(client, { account: network.requester.address as Hex })).to.equal(10n * TOKEN)
    const to = network.operators[3]!.address
    const before = await requester.getBalance({ account: to })
    expect(await withdrawBounty(requester, { to })).to.equal(10n * TOKEN)
    expect((await requester.getBalance({ account: to })).wallet).to.equal(before.wallet + 10n * TOKEN)
    await rejected(withdrawBounty(requester), 'CONTRACT_NOTHING_DUE')
  })

  it('keep the price floor that they have, each its own, unless another is named', async () => {
    const own = network.operators[1]!
    const client = await network.client({ signer: own.account })
    const floors = async (): Promise<bigint[]> =>
      (await getSeats(client, { operator: own.address })).map((seat) => seat.priceFloor)
    const again = async (...named: readonly [seats: readonly number[], priceFloor?: number][]): Promise<bigint[]> => {
      await leaveSeats(client, { seats: own.seats })
      await pass(REJOIN)
      for (const [seats, priceFloor] of named)
        await joinSeats(client, { seats, ...(priceFloor !== undefined && { priceFloor }) })
      return floors()
    }
    const [first, second] = own.seats as [number, number]
    expect(await again([[first], 7], [[second], 9])).to.deep.equal([7n, 9n])
    expect(await again([own.seats])).to.deep.equal([7n, 9n])
    expect(await again([own.seats, 0])).to.deep.equal([0n, 0n])
  })
})
