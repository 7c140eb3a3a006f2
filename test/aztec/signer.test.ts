import { expect } from 'chai'
import type { Address } from '../../sdk/src/chain/hex.js'

import { systemClock } from '../../sdk/src/clock.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { AccountWallet } from '../../sdk/src/worker/key/AccountWallet.js'
import { ExternalSigner } from '../../sdk/src/worker/key/ExternalSigner.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { AdapterBench, until } from '../support/aztec/AdapterBench.js'
import { JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { BrokerDouble } from '../support/aztec/BrokerDouble.js'
import { Producer } from '../support/aztec/Producer.js'
import { SignerServer } from '../support/SignerServer.js'

const log = jsonLogger({ level: 'error', write: () => undefined, now: () => systemClock.now() })

describe('aztec: an adapter whose key is elsewhere', function () {
  this.timeout(600_000)
  let bench: AdapterBench
  let broker: BrokerDouble
  let server: SignerServer

  before(async () => {
    bench = await AdapterBench.start()
    broker = await new BrokerDouble({ jobTimeoutMs: JOB_TIMEOUT_MS }).start()
    server = await SignerServer.start(bench.network.requester.privateKey)
  })
  after(async () => {
    await bench.stop()
    await broker.stop()
    await server.halt()
  })

  it('pays with what the signer signs, and with nothing that it signs instead', async () => {
    const account = bench.network.requester.address as Address
    const signer = await ExternalSigner.open({ url: new Secret(server.url), account, timeoutMs: 5_000, log })
    const client = await bench.client({ signer: new AccountWallet(signer, bench.network.chain.provider) })
    const producer = new Producer(broker.url)
    const job = producer.job(1)
    server.mode = 'thief'
    await producer.enqueue(job)
    const adapter = await bench.adapter(broker.url, { client })
    const line = await adapter.line('a bundle does not get on now')
    expect(JSON.stringify(line['error'])).to.contain('WORKER_SIGNER_WRONG')
    expect(await adapter.workloads()).to.equal(0)
    server.mode = 'web3signer'
    await until(
      async () => ((await producer.status(job)).status === 'fulfilled' ? true : undefined),
      () => adapter.tail(),
      60,
    )
    expect(await adapter.workloads()).to.equal(1)
    expect(server.asked).to.include('eth_signTransaction')
  })
})
