import { expect } from 'chai'
import { systemClock } from '../../sdk/src/clock.js'
import { stakeSeats } from '../../sdk/src/client/seats.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { startNetwork, TOKEN, type Network } from '../support/network.js'

// What takes tokens approves them first: two of one client at once must not take each other's allowance.
describe('client: payments at the same time', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient

  beforeEach(async () => {
    network = await startNetwork()
    client = await network.client()
  })
  afterEach(() => network.chain.stop())

  const allowance = (of: string): Promise<bigint> => client.contracts.token.allowance(network.requester.address, of)

  it('deposits: each arrives', async () => {
    const before = await client.getBalance()
    await Promise.all([5n, 3n, 7n].map((tokens) => client.deposit({ amount: tokens * TOKEN })))
    const after = await client.getBalance()
    expect(after.market - before.market).to.equal(15n * TOKEN)
    expect(await allowance(network.deployment.market)).to.equal(0n)
  })

  it('a deposit that fails holds up none, and the last tokens are not promised twice', async () => {
    const { wallet } = await client.getBalance()
    const results = await Promise.allSettled([
      client.deposit({ amount: wallet + 1n }),
      client.deposit({ amount: wallet - TOKEN }),
      client.deposit({ amount: 2n * TOKEN }),
      client.deposit({ amount: TOKEN }),
    ])
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
    for (const result of results)
      if (result.status === 'rejected') {
        const { code } = result.reason as { readonly code: string }
        expect(code).to.equal('CONTRACT_ERC20_INSUFFICIENT_BALANCE')
      }
    expect((await client.getBalance()).wallet).to.equal(0n)
  })

  it('stakes: each has its seats', async () => {
    const { registry } = (await network.client({ signer: network.owner })).contracts
    await (await registry.admit(network.requester.address, true)).wait()
    const seats = await Promise.all([1, 2].map((count) => stakeSeats(client, { count })))
    expect(seats.map(({ length }) => length)).to.deep.equal([1, 2])
    expect(new Set(seats.flat()).size).to.equal(3)
    expect(await allowance(network.deployment.registry)).to.equal(0n)
  })

  it('one whose call ended keeps its place until its transaction is in the chain', async () => {
    const { provider } = network.chain
    await (await client.contracts.token.approve(network.deployment.market, 5n * TOKEN)).wait()
    await provider.send('evm_setAutomine', [false])
    const stop = new AbortController()
    const ended = rejectionOf(client.deposit({ amount: 5n * TOKEN, signal: stop.signal }))
    const pending = async (): Promise<number> =>
      Number(await provider.send('eth_getBlockTransactionCountByNumber', ['pending']))
    for (let looks = 0; looks < 2_000 && (await pending()) === 0; looks++) await systemClock.sleep(5)
    expect(await pending()).to.equal(1)
    // It would find the allowance that the one on its way uses up.
    const second = client.deposit({ amount: 3n * TOKEN })
    stop.abort(new Error('enough'))
    expect(await ended).to.equal(stop.signal.reason)
    // Time enough for it to look and to send.
    for (let requests = 0; requests < 30; requests++) await provider.getBlockNumber()
    expect(await pending()).to.equal(1)
    await provider.send('evm_setAutomine', [true])
    await network.chain.mine(1)
    await second
    expect((await client.getBalance()).market).to.equal(8n * TOKEN)
  })
})

function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}
