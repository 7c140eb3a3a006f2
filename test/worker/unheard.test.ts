import { join } from 'node:path'

import { expect } from 'chai'

import { followEvents, toAddress, type WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { SeatBook } from '../../sdk/src/worker/coordinate/SeatBook.js'
import { unheardDraws } from '../../sdk/src/worker/observe/unheardDraws.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { ROOMY, TestNetwork } from '../support/network/TestNetwork.js'

// A draw on a real chain, for which nobody works: what is told of it depends on what is known here.
describe('worker: draws that nobody works for', function () {
  this.timeout(300_000)
  let network: TestNetwork

  before(async () => {
    network = await TestNetwork.start(ROOMY)
  })
  after(() => network.stop())

  it('counts a seat that is held while no event told of it, or its job is closed', async () => {
    const { contracts } = network
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice')
    const [seat] = alice.seats as [number]
    const keeper = await network.startWorker(await network.addOperator('keeper', 0))
    await network.chain.mineEvery(1)
    const workload = await network.submit(program, { maxRunTime: 600 })
    const { at } = await network.until(workload, 'Assigned')
    expect(await keeper.stop()).to.equal(0)

    const db = await openDatabase(join(network.directory, 'heard'))
    try {
      const events = new EventStore(db)
      const jobs = new JobStore(db, systemClock)
      const unheard = async (): Promise<string[]> => {
        const seats = new SeatBook(contracts, events, toAddress(alice.wallet.address), [])
        return (await unheardDraws({ contracts, seats, events, jobs })).map(({ key }) => key)
      }
      for await (const batch of followEvents(contracts, { pollMs: 200 })) {
        await events.apply(batch)
        if (batch.kind === 'events' && batch.to.number >= at.block) break
      }
      // Without a job it is only watched.
      expect(await unheard()).to.deep.equal([])
      const job = await jobs.add({ workload, seat }, false)
      expect(await unheard()).to.deep.equal([])
      const lost = await jobs.transition(job, 'lost', { closed: true })
      expect(await unheard()).to.deep.equal([String(seat)])
      // Its commitment is on its way; a seat with other work only is no reason to be silent.
      await jobs.transition(lost, 'committed')
      expect(await unheard()).to.deep.equal([])
      await jobs.transition((await jobs.find({ workload, seat }))!, 'expired', { closed: true })
      const other = `0x${'ab'.repeat(32)}` as WorkloadId
      await jobs.transition(await jobs.add({ workload: other, seat }, false), 'committed')
      expect(await unheard()).to.deep.equal([String(seat)])
      await db.deleteFrom('events').where('name', '=', 'Assigned').execute()
      await jobs.transition((await jobs.find({ workload, seat }))!, 'committed')
      expect(await unheard()).to.deep.equal([String(seat)])
    } finally {
      await db.destroy()
    }
  })
})
