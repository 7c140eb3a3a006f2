import { expect } from 'chai'

import type { Requester } from '../../sdk/src/aztec/network/Requester.js'
import { WalletRequester } from '../../sdk/src/aztec/network/WalletRequester.js'
import { readEvents, type WorkloadId } from '../../sdk/src/chain/index.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { generateDeliveryKey } from '../../sdk/src/crypto/DeliveryKey.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { until, type RunningAdapter } from '../support/aztec/AdapterBench.js'
import { JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'
import { ProxyBench } from '../support/aztec/ProxyBench.js'
import { operatorOf, SALT } from '../support/network.js'

/** Longer than any workload of the bench runs: its rules leave five minutes for reveals behind that. */
const RUN_SECONDS = 100

// Results that come to nobody sealed: the key is gone, or there is no inbox. What is revealed counts before anybody has judged it.
describe('aztec: results that cannot be opened before they are revealed', function () {
  this.timeout(600_000)
  let proxy: ProxyBench
  let broker: BrokerDouble
  let producer: Producer
  /** What the seat has committed to. */
  let made: Uint8Array | undefined
  let epoch = 1

  before(async () => {
    proxy = await ProxyBench.start()
  })
  beforeEach(async () => {
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    producer = new Producer(broker.url)
    made = undefined
    proxy.bench.provers.answer = (right) => (made = right)
    epoch += 10
  })
  afterEach(async () => {
    await proxy.bench.stopAdapters()
    await broker.stop()
  })
  after(() => proxy.stop())

  it('a proxy whose answer was lost, and the delivery key with it, is paid once', async () => {
    const around =
      (inner: typeof fetch): typeof fetch =>
      async (target, request) => {
        const response = await inner(target, request)
        if (request?.method === 'POST') throw new TypeError('the connection broke')
        return response
      }
    const customer = await proxy.customer({}, { around })
    const { api } = customer
    await losesItsKey(
      customer.requester,
      () => customer.withoutKey(),
      async () => {
        await until(
          async () => ((await api.getAccount({})).requests.submitted === 1 ? true : undefined),
          'it is not asked',
        )
      },
    )
    expect((await api.listRequests({})).requests).to.have.length(1)
    expect(proxy.lines.some((line) => line.includes('the delivery key of a bundle is not here'))).to.equal(true)
  })

  it('an account whose delivery key was lost pays once', async () => {
    const lines: string[] = []
    const log = jsonLogger({ level: 'info', write: (line) => lines.push(line), now: () => Date.now() })
    const wallet = async () => {
      const client = await proxy.bench.client({ deliveryKey: generateDeliveryKey() })
      return new WalletRequester({ client, log, deposit: true, cacheDirectory: proxy.server.directory })
    }
    const [first, second] = [await wallet(), await wallet()]
    await losesItsKey(
      first,
      () => second,
      async (adapter) => {
        await adapter.line('submitted')
        await adapter.stop()
        // As if it had been killed before the answer of the chain was noted.
        await adapter.db.updateTable('bundles').set({ state: 'made', workload: null, block: null }).execute()
      },
    )
    expect(lines.some((line) => line.includes('the delivery key of a bundle is not here'))).to.equal(true)
  })

  it('what is revealed is checked as any other result', async () => {
    const client = await proxy.bench.client({ deliveryKey: generateDeliveryKey() })
    proxy.bench.provers.answer = () => (made = Buffer.from('no result at all'))
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await proxy.bench.adapter(broker.url, { client })
    // Its own key opens what was delivered, which is refused; and revealed it is not looked at once more.
    await adapter.line('results are refused')
    await reveal()
    await adapter.line('results are refused')
    expect((await producer.status(job)).status).to.equal('in-progress')
    expect(adapter.lines.filter(({ message }) => message === 'results are refused')).to.have.length(1)
  })

  /** An adapter asks for a workload, is stopped before it knows of it, and goes on with another delivery key. */
  async function losesItsKey(
    first: Requester,
    second: () => Requester,
    asked: (adapter: RunningAdapter) => Promise<void>,
  ): Promise<void> {
    let current = first
    const requester = new Proxy(first, {
      get: (_, name) => {
        const value: unknown = Reflect.get(current, name)
        return typeof value === 'function' ? (value.bind(current) as unknown) : value
      },
    })
    const before = await proxy.submitted()
    const job = producer.job(epoch)
    await producer.enqueue(job)
    const adapter = await proxy.bench.adapter(broker.url, { requester })
    await asked(adapter)
    await adapter.stop()
    current = second()
    adapter.start()
    await reveal()
    await until(
      async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
      () => `${job.id} is open\n${adapter.tail()}`,
    )
    expect((await proxy.submitted()) - before).to.equal(1)
  }

  /** The seat reveals what it has committed to. Nobody judges it. */
  async function reveal(): Promise<void> {
    const { network } = proxy.bench
    const { client } = proxy.server
    let workload: WorkloadId | undefined
    for await (const event of readEvents(client.contracts, { names: ['Submitted'] }))
      if (event.name === 'Submitted') workload = event.args.workload
    const { spec, slots } = await until(async () => {
      const now = await client.getWorkload({ workload: workload! })
      return now.slots.some(({ status }) => status === 'committed') ? now : undefined
    }, 'nobody has committed')
    const { seat } = slots.find(({ status }) => status === 'committed')!
    await (await proxy.bench.client({})).store!.put(made!)
    // Commits close with the run time, and reveals begin a second later.
    await network.chain.pass(RUN_SECONDS + 3)
    const { market } = operatorOf(network, seat).contracts
    await (await market.revealToCommittee(spec, seat, digestOf(made!), SALT, '0x', '')).wait()
  }
})
