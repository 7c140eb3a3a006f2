import { expect } from 'chai'
import type { JsonRpcProvider } from 'ethers'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { TestApi } from '../support/api.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { startNetwork, type Network } from '../support/network.js'

interface Answer {
  readonly status: number
  readonly ready: boolean
  readonly why: readonly string[]
  readonly index: { readonly block: number; readonly time: number } | null
}

describe('api: /ready', function () {
  this.timeout(180_000)
  let network: Network
  let rpc: FaultyRpc
  let provider: JsonRpcProvider
  let api: TestApi

  before(async () => {
    network = await startNetwork()
    rpc = await FaultyRpc.start(network.chain.url)
    provider = rpcProvider(rpc.url, network.deployment.chainId)
    const client: GevulotClient = await createClient({ deployment: network.deployment, provider, pollMs: 100 })
    api = await TestApi.start(network, { client, proxy: false, readySeconds: 3 })
  })
  after(async () => {
    await api.remove()
    provider.destroy()
    await rpc.stop()
    await network.chain.stop()
  })

  async function ask(): Promise<Answer> {
    const response = await fetch(`${api.url}/ready`)
    return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) }
  }
  async function until(status: number, meanwhile?: () => Promise<unknown>): Promise<Answer> {
    for (let looks = 0; looks < 1_200; looks++) {
      const answer = await ask()
      if (answer.status === status) return answer
      await meanwhile?.()
      await systemClock.sleep(50)
    }
    throw new Error(`/ready does not come to ${status}`)
  }
  const mine = () => network.chain.mine(1)

  for (const fault of ['drops', 'limits in words', 'old heads'] as const) {
    it(`says no when the index does not move, whatever holds it up, and yes again when it does: ${fault}`, async () => {
      const before = await until(200, mine)
      expect(before).to.deep.include({ ready: true, why: [] })
      rpc.fault = fault
      // What comes while the endpoint holds back what it has is not seen.
      const stalled = await until(503, fault === 'old heads' ? undefined : mine)
      expect(stalled).to.deep.include({ ready: false, why: ['chainUnseen'] })
      expect(stalled.index?.block).to.be.at.least(before.index!.block)
      // It runs all the same: to start it again would help nobody.
      expect((await fetch(`${api.url}/live`)).status).to.equal(200)
      rpc.fault = 'none'
      const again = await until(200, mine)
      expect(again.index!.block).to.be.greaterThan(before.index!.block)
    })
  }

  it('says no before anything was read', async () => {
    await api.remove()
    const client: GevulotClient = await createClient({ deployment: network.deployment, provider, pollMs: 100 })
    rpc.fault = 'drops'
    api = await TestApi.start(network, { client, proxy: false })
    expect(await ask()).to.deep.equal({ status: 503, ready: false, why: ['chainUnread'], index: null })
    rpc.fault = 'none'
    expect((await until(200, mine)).index).not.to.equal(null)
  })
})
