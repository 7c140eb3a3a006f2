import { expect } from 'chai'
import type { JsonRpcProvider } from 'ethers'
import { auditPayments } from '../../sdk/src/audit/auditPayments.js'
import { readReceipt } from '../../sdk/src/chain/receipts.js'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { aProgram, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

/** The chain has so many blocks, and its endpoint tells of so many at once. */
const LONG = 300
const LIMIT = 64

describe('client: lookups on a long chain', function () {
  this.timeout(180_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
    // One that nobody looks for.
    await client.submit(request())
    await mine(LONG)
  })
  after(() => network.chain.stop())

  /** In parts that a busy machine mines within the time of a request. */
  async function mine(blocks: number): Promise<void> {
    for (let left = blocks; left > 0; left -= 20) await network.chain.provider.send('anvil_mine', ['0x14'])
  }

  const request = () => ({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })

  /** How many requests for logs are answered in an act, by an endpoint that refuses long ranges. */
  async function asked(act: () => Promise<unknown>): Promise<number> {
    const provider = client.contracts.provider as JsonRpcProvider
    const send = provider.send.bind(provider)
    let count = 0
    Object.assign(provider, {
      send: (method: string, values: unknown[]) => {
        if (method === 'eth_getLogs') {
          const [{ fromBlock, toBlock }] = values as [{ fromBlock: string; toBlock: string }]
          if (Number(toBlock) - Number(fromBlock) >= LIMIT) return Promise.reject(new Error('too many blocks'))
          count++
        }
        return send(method, values) as Promise<unknown>
      },
    })
    try {
      await act()
    } finally {
      Reflect.deleteProperty(provider, 'send')
    }
    return count
  }

  it('a workload that was submitted lately is read with one request for logs, each time', async () => {
    const { workload } = await client.submit(request())
    for (const name of ['first', 'second']) {
      const count = await asked(async () => {
        expect(await client.getWorkload({ workload })).to.include({ workload, status: 'pending' })
      })
      expect(count, name).to.equal(1)
    }
    expect(await asked(() => client.cancel({ workload }))).to.equal(2)
    expect((await client.getWorkload({ workload })).status).to.equal('cancelled')
    expect(await asked(() => auditPayments(client.contracts, workload))).to.equal(1)
    expect(await asked(() => readReceipt(client.contracts, workload))).to.equal(1)
  })

  it('one that lies further back is found with all its events, and nothing behind its submission is asked for', async () => {
    const { workload, block } = await client.submit(request())
    await client.cancel({ workload })
    await mine(40)
    const count = await asked(async () => {
      const found = await client.getWorkload({ workload })
      expect(found).to.include({ status: 'cancelled', submittedBlock: block })
    })
    expect(count).to.be.within(1, 3)
    // A block that is not later than the submission bounds the search.
    expect((await client.getWorkload({ workload, fromBlock: block })).submittedBlock).to.equal(block)
    await rejected(client.getWorkload({ workload, fromBlock: block + 1 }), 'CLIENT_WORKLOAD_UNKNOWN')
  })

  it('one that nobody submitted costs one request for logs', async () => {
    const workload: Hex = `0x${'77'.repeat(32)}`
    expect(await asked(() => rejected(client.getWorkload({ workload }), 'CLIENT_WORKLOAD_UNKNOWN'))).to.equal(1)
  })

  it('what a nonce submitted lately is found with one request for logs, and so is that it was another', async () => {
    const { nonce } = await client.getBalance()
    const requests = [request(), request(), request()]
    await client.submitMany({ requests, nonce })
    const again = () => client.submitMany({ requests, nonce })
    expect(await asked(async () => expect((await again()).map(({ created }) => created)).to.deep.equal([false, false, false]))).to.equal(1) // prettier-ignore
    expect(await asked(() => rejected(client.submit({ ...request(), nonce }), 'CLIENT_NONCE_USED'))).to.equal(1)
  })
})
