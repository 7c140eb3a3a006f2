import { expect } from 'chai'
import { parseEther, toQuantity, Wallet } from 'ethers'

import { readEvents, type Address, type Bytes32, type GevulotEvent } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { SeatBook } from '../../sdk/src/worker/coordinate/SeatBook.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { StandingWatch } from '../../sdk/src/worker/observe/StandingWatch.js'
import { WorkerMetrics } from '../../sdk/src/worker/observe/WorkerMetrics.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { samplesOf } from '../support/metrics.js'
import { startNetwork, TOKEN, type Network } from '../support/network.js'

const silent = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })

describe('worker: what its accounts hold', function () {
  this.timeout(120_000)
  let network: Network
  let db: Database

  before(async () => {
    network = await startNetwork()
    db = await openDatabase()
  })
  after(async () => {
    await db.destroy()
    await network.chain.stop()
  })

  it("gas money is that of the submitter key, which pays; tokens and seats are the operator's", async () => {
    const { address: operator, contracts, seats } = network.operators[0]!
    const key = Wallet.createRandom().address as Address
    const { provider } = network.chain
    await provider.send('anvil_setBalance', [key, toQuantity(parseEther('3'))])
    await (await contracts.token.approve(contracts.addresses.market, 7n * TOKEN)).wait()
    await (await contracts.market.deposit(operator, 7n * TOKEN)).wait()
    const events: GevulotEvent[] = []
    for await (const event of readEvents(contracts)) events.push(event)
    const newest = (await provider.getBlock('latest'))!
    const to = { number: newest.number, hash: newest.hash as Bytes32 }
    const cursor = { start: 0, next: to.number + 1, checkpoints: [to] }
    const store = new EventStore(db)
    await store.apply({ kind: 'events', from: 0, to, time: newest.timestamp, events, cursor })

    const metrics = new WorkerMetrics(systemClock)
    const book = new SeatBook(contracts, store, operator, [])
    const options = { contracts, seats: book, operator, metrics, clock: systemClock, log: silent }
    expect(await new StandingWatch({ ...options, payer: key }).read()).to.equal(seats.length)
    const samples = samplesOf(await metrics.text())
    expect(samples.get('gevulot_gas_money')).to.equal(3)
    expect(samples.get('gevulot_market_tokens')).to.equal(7)
    expect(samples.get('gevulot_seats{status="Active"}')).to.equal(seats.length)
  })
})
