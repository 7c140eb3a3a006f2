import { access } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import type { ProgramId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { lockOnServer } from '../../sdk/src/database/lockOnServer.js'
import { freePort } from '../support/freePort.js'
import { ask, samplesOf, scraped } from '../support/metrics.js'
import { expectProved } from '../support/network/expectSound.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'
import { usePostgres } from '../support/databases.js'

// Two machines are two data directories here; what they share is the server.
describe('worker: on a database server', function () {
  this.timeout(600_000)
  const server = usePostgres()
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash')
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
  })

  const machine = (name: string, standby = false): Record<string, unknown> => ({
    databaseUrl: server().url,
    dataDirectory: join(alice.directory, name),
    standby,
  })
  const started = (worker: WorkerProcess): Promise<unknown> => worker.line((line) => line.message === 'worker started')

  // The worst moment: the commitments are on the chain, and only the dead machine has the proof in a file.
  it('a standby reveals what the machine that died committed to', async () => {
    const first = await network.startWorker(alice, machine('first'))
    await started(first)
    const observePort = await freePort()
    const second = await network.startWorker(alice, { ...machine('second', true), observePort })
    await second.line((line) => line.message.startsWith('standing by'))
    expect((await ask(observePort, '/live')).status).to.equal(200)
    expect(await ask(observePort, '/ready')).to.include({ status: 503, body: '{"ok":false,"why":["standingBy"]}\n' })
    expect([...samplesOf((await ask(observePort, '/metrics')).body)]).to.deep.equal([['gevulot_standing_by', 1]])

    const workload = await network.submit(program, { redundancy: 2 })
    await first.line((line) => line.message === 'transaction mined' && line.stage === 'commit')
    await first.kill()
    await second.line((line) => line.message.startsWith('taking over'))
    await network.requester.releaseWhenServed({ workload })
    await expectProved(network, alice, workload)

    const events = await network.eventsOf(workload)
    const seats = (name: string): number[] =>
      events.flatMap((event) => (event.name === name && 'seat' in event.args ? [event.args.seat] : [])).sort()
    expect((await ask(observePort, '/ready')).status).to.equal(200)
    expect((await scraped(observePort, 'gevulot_standing_by 0')).body).to.include('gevulot_worker_info{')
    expect(seats('Committed'), second.tail()).to.deep.equal(alice.seats)
    expect(seats('Revealed'), second.tail()).to.deep.equal(alice.seats)
    await access(join(alice.directory, 'second/proofs', workload, 'proof'))
    expect(second.lines.filter((line) => line.message === 'job running')).to.be.empty
    expect(await second.stop()).to.equal(0)
  })

  it('one account is one worker, wherever it runs', async () => {
    const first = await network.startWorker(alice, machine('first'))
    await started(first)
    const refused = await network.startWorker(alice, machine('second'))
    expect(await refused.exited(), refused.tail()).to.equal(1)
    expect(refused.tail()).to.contain('WORKER_LOCKED').and.to.contain('waiting, it may be gone')
    const waiting = await network.startWorker(alice, machine('second', true))
    await waiting.line((line) => line.message.startsWith('standing by'))
    expect(await waiting.stop(), waiting.tail()).to.equal(0)
    expect(await first.stop()).to.equal(0)
  })

  // As after a reset of the machine, which is up again before the server has seen it go.
  it('a worker waits for the lock of a machine that is gone, and goes on', async () => {
    const name = `gevulot/${network.contracts.chainId}-${alice.wallet.address.toLowerCase()}`
    const gone = await lockOnServer(server().url, name, systemClock)
    const again = await network.startWorker(alice, machine('first'))
    await again.line((line) => line.message.endsWith('waiting, it may be gone'))
    await gone!.release()
    await started(again)
    expect(await again.stop()).to.equal(0)
  })

  it('a server that goes away ends the worker, and nothing is lost', async () => {
    const first = await network.startWorker(alice, machine('first'))
    await started(first)
    await server().halt()
    expect(await first.exited(), first.tail()).to.equal(75)
    const without = await network.startWorker(alice, machine('first'))
    expect(await without.exited(), without.tail()).to.equal(75)
    expect(without.tail()).to.contain('WORKER_DATABASE_UNAVAILABLE')
    for (const worker of [first, without]) expect(worker.tail(), 'the password').to.not.contain('a-password')
    await server().resume()
    const again = await network.startWorker(alice, machine('first'))
    const workload = await network.submit(program)
    await network.until(workload, 'Finished')
    expect(await again.stop()).to.equal(0)
  })
})
