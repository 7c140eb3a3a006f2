import { join } from 'node:path'

import { expect } from 'chai'

import { buildPackages, SERVED } from '../../programs/aztec-jobs/build.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { readResult } from '../../sdk/src/aztec/protocol/result.js'
import { readStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { readEvents } from '../../sdk/src/chain/index.js'
import { digestFromHex } from '../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { parseInputsManifest } from '../../sdk/src/content/InputsManifest.js'
import { until } from '../support/aztec/AdapterBench.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { customerOf } from '../support/aztec/customerOf.js'
import { Producer, resultIn } from '../support/aztec/Producer.js'
import { PATIENT, TestNetwork } from '../support/network/TestNetwork.js'
import { WorkerProcess } from '../support/network/WorkerProcess.js'

const ADAPTER = 'test/support/aztec/adapterMain.ts'
/** One seat does everything: an answer that is held up must not lose it. */
const PARAMETERS = { ...PATIENT, rules: { ...PATIENT.rules, responseWindow: 60 } }

// Everything real but the broker: contracts on a chain, a worker that runs the program in a sandbox, the adapter as a process.
describe('aztec: jobs proven by a worker of the network', function () {
  this.timeout(1_200_000)
  let network: TestNetwork
  let broker: BrokerDouble
  let producer: Producer
  let customer: { readonly address: string }
  let config: string
  let worker: WorkerProcess
  const adapters: WorkerProcess[] = []

  before(async () => {
    network = await TestNetwork.start(PARAMETERS)
    broker = await new BrokerDouble({ jobTimeoutMs: 30_000 }).start()
    producer = new Producer(broker.url)
    const { prover, verifier } = await buildPackages({ store: new DirectoryStore(join(network.directory, 'content')) })
    const { program } = await network.requester.deployProgram({
      prover: prover.digest,
      verifierProgram: verifier.digest,
    })
    const lane = { program, types: SERVED, bundleJobs: 4, bundleWaitMs: 3_000, spareSeconds: 120 }
    ;({ customer, config } = await customerOf(network, broker.url, [lane]))
    worker = await network.startWorker(await network.addOperator('alice'))
    await network.chain.mineEvery(1)
  })
  after(async () => {
    for (const adapter of adapters) await adapter.kill()
    await broker.stop()
    await network.stop()
  })

  /** The jobs of every workload that the customer submitted. */
  async function paidFor(): Promise<readonly string[]> {
    const store = new DirectoryStore(join(network.directory, 'content'))
    const ids: string[] = []
    for await (const event of readEvents(network.contracts, { names: ['Submitted'] })) {
      if (event.name !== 'Submitted' || event.args.requester !== customer.address) continue
      const options = { maxBytes: 2 ** 20 }
      const { files } = parseInputsManifest(await store.get(event.args.inputs, options))
      const statement = files.find(({ name }) => name === 'public_inputs')!
      ids.push(...readStatement(await store.get(digestFromHex(statement.sha256), options)))
    }
    return ids
  }

  function startAdapter(): WorkerProcess {
    const adapter = WorkerProcess.start(config, ADAPTER)
    adapters.push(adapter)
    return adapter
  }

  it('killed after it paid, it goes on after a restart, pays nothing twice, and reports what its own verifier took', async () => {
    const types = SERVED.filter((type) => type !== 'PARITY_ROOT')
    const jobs = [...types.map((type) => producer.job(7, type)), producer.job(7), producer.job(7)]
    await producer.enqueue(...jobs)
    const first = startAdapter()
    await first.line(({ message }) => message === 'submitted', 300)
    await first.kill()
    const second = startAdapter()
    for (const job of jobs) {
      const status = await until(
        async () => {
          const now = await producer.status(job)
          return now.status === 'fulfilled' ? now : undefined
        },
        `${job.id}\n${second.tail()}\n---\n${worker.tail()}`,
        600,
      )
      const { type, result } = resultIn(status)
      expect(type).to.equal(job.type)
      expect(readResult(parseJobId(job.id).type, result).simulated).to.equal(true)
    }
    const paid = await paidFor()
    expect(paid.toSorted()).to.deep.equal(jobs.map(({ id }) => id).toSorted())
    expect(second.lines.filter(({ message }) => message === 'results are refused')).to.deep.equal([])
    const proven = second.lines.filter(({ message }) => message === 'results are there')
    expect(proven.every((line) => line['simulated'] === true)).to.equal(true)
    expect(await second.stop()).to.equal(0)
  })
})
