import { AdapterBench } from '../support/aztec/AdapterBench.js'
import { BROKER_CASES, JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'

// Real contracts, scripted seats, and a broker that does what Aztec's does. `npm run test:aztec` runs the same cases against Aztec's own.
describe('aztec: the adapter at a broker', function () {
  this.timeout(600_000)
  let bench: AdapterBench
  let broker: BrokerDouble
  let producer: Producer
  let epoch = 1

  before(async () => {
    bench = await AdapterBench.start()
  })
  beforeEach(async () => {
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    producer = new Producer(broker.url)
    bench.provers.answer = (right) => right
    epoch += 10
  })
  afterEach(async () => {
    await bench.stopAdapters()
    await broker.stop()
  })
  after(async () => {
    await bench.stop()
  })

  const restartBroker = async (): Promise<void> => {
    await broker.stop()
    broker.forget()
    await broker.start()
  }
  for (const [name, run] of Object.entries(BROKER_CASES)) {
    it(name, () => run({ url: broker.url, producer, bench, epoch, restartBroker }))
  }
})
