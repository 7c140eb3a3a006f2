import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import type { ApiClient } from '../../sdk/src/api/createApiClient.js'
import { readEvents, type WorkloadId } from '../../sdk/src/chain/index.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { TestApi } from '../support/api.js'
import { aProgram, prover, PUBLIC_INPUTS, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

type Stored = Awaited<ReturnType<ApiClient['getRequest']>>

// What clients of one proxy can do to each other, and to its operator.
describe('api: clients of one proxy', function () {
  this.timeout(120_000)
  let network: Network
  let requester: GevulotClient
  let program: string
  let api: TestApi

  before(async () => {
    network = await startNetwork()
    requester = await network.client()
    program = await aProgram(network, requester)
  })
  beforeEach(async () => {
    api = await TestApi.start(network)
  })
  afterEach(async () => {
    await mining(true)
    await api.remove()
  })
  after(() => network.chain.stop())

  let counter = 0
  const fresh = () => ({
    program,
    inputs: {
      files: { public_inputs: PUBLIC_INPUTS.toString('base64'), salt: Buffer.from(`c${counter++}`).toString('base64') },
    },
    maxRunTime: 600,
  })

  /** While nothing is mined the server waits for what it has sent, and requests queue up. */
  async function mining(on: boolean): Promise<void> {
    await network.chain.provider.send('evm_setAutomine', [on])
    if (on) await network.chain.mine(1)
  }

  async function until(test: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 1_200; attempt++) {
      if (await test()) return
      await sleep(25)
    }
    throw new Error(`it did not come that far:\n${api.lines.join('\n')}`)
  }

  async function submitted(client: ApiClient, request: string): Promise<Stored> {
    await until(async () => (await client.getRequest({ request })).state === 'submitted')
    return client.getRequest({ request })
  }

  /** Workloads in the order in which they came to the chain. */
  async function order(): Promise<readonly string[]> {
    const all: string[] = []
    for await (const event of readEvents(api.client.contracts, { names: ['Submitted'] }))
      if (event.name === 'Submitted') all.push(event.args.workload)
    return all
  }

  async function ask(client: ApiClient, count: number): Promise<string[]> {
    const ids: string[] = []
    for (let index = 0; index < count; index++) ids.push((await client.submitRequest(fresh())).request)
    return ids
  }
  /** Nothing is mined from here on; what one request sends, alone, waits for its block, and others queue up behind it. */
  async function holdOne(client: ApiClient): Promise<string> {
    await mining(false)
    const [request] = await ask(client, 1)
    await until(
      async () =>
        ((await network.chain.provider.send('txpool_status', [])) as { readonly pending: string }).pending !== '0x0',
    )
    return request!
  }

  it('one that asks for much keeps no other waiting: keys take turns', async () => {
    const [greedy, modest] = [await api.as(), await api.as()]
    const many = [await holdOne(greedy), ...(await ask(greedy, 11))]
    const few = await ask(modest, 2)
    await mining(true)
    const workloads = async (client: ApiClient, ids: readonly string[]) => {
      return Promise.all(ids.map(async (id) => (await submitted(client, id)).workload!))
    }
    const [theirs, ours] = [await workloads(greedy, many), await workloads(modest, few)]
    const mine = await order()
    const place = (workload: string): number => mine.indexOf(workload)
    // At most one of the other's before each of ours, and the one that was under way.
    expect(theirs.filter((workload) => place(workload) < place(ours[0]!)).length).to.be.at.most(2)
    expect(theirs.filter((workload) => place(workload) < place(ours[1]!)).length).to.be.at.most(3)
  })

  it('what a key queued that is revoked is not paid for, but what was sent', async () => {
    const [thief, honest] = [await api.as(), await api.as()]
    const { nonce } = await requester.getBalance()
    await holdOne(thief)
    await ask(thief, 5)
    await api.keys.revoke(thief.keyId)
    await mining(true)
    const [request] = await ask(honest, 1)
    await submitted(honest, request!)
    await until(async () => (await accountOf(thief.keyId)).account.requests.accepted === 0)
    const { requests } = (await accountOf(thief.keyId)).account
    expect(requests).to.include({ submitted: 1, refused: 5 })
    expect((await requester.getBalance()).nonce).to.equal(nonce + 2)
  })

  it('only a key of the operator sees the accounts of all: fees, gas and jobs by label', async () => {
    const [first, second] = [await api.as(), await api.as()]
    const labelled = { ...fresh(), label: 'PARITY_BASE', jobs: 16 }
    const { request } = await first.submitRequest(labelled)
    await submitted(first, request)
    await rejected(first.submitRequest({ ...fresh(), label: 'two words' }), 'API_REQUEST_INVALID')
    for (const one of [first, second]) await rejected(one.listAccounts({}), 'API_UNAUTHORISED')
    const { fee } = await first.getRequest({ request })
    const ours = await accountOf(first.keyId)
    expect(ours.account.labels).to.deep.equal([{ label: 'PARITY_BASE', requests: 1, jobs: 16, fees: fee }])
    expect(ours.account).to.include({ fees: fee })
    expect(ours.account.gas.unknown).to.equal(0)
    expect(BigInt(ours.account.gas.wei) > 0n).to.equal(true)
    expect(BigInt(ours.allowance.spendPerDay) - BigInt(ours.allowance.spendLeft)).to.equal(BigInt(fee))
    expect((await accountOf(second.keyId)).account).to.include({ fees: '0' })
  })

  it('what is asked for and cancelled again fills the disk no further than the content of a day', async () => {
    const client = await api.as({ uploadPerDay: 6_000 })
    const large = () => Buffer.concat([Buffer.from(`${counter++}`.padEnd(8)), Buffer.alloc(2_000)])
    const stored: string[] = []
    // Something is under way, so that the others wait and can be cancelled for nothing.
    await holdOne(client)
    const attempts = Array.from({ length: 5 }, async () => {
      const bytes = large()
      const files = { public_inputs: PUBLIC_INPUTS.toString('base64'), large: bytes.toString('base64') }
      try {
        const { request } = await client.submitRequest({ program, inputs: { files }, maxRunTime: 600 })
        await client.cancelRequest({ request })
      } catch (error) {
        expect(error).to.include({ code: 'API_LIMIT_REACHED' })
      }
      if ((await fetch(`${api.url}/v1/content/${digestOf(bytes)}`)).status === 200) stored.push(digestOf(bytes))
    })
    await Promise.all(attempts)
    expect(stored.length).to.equal(2)
    expect((await client.getAllowance({})).uploadLeft).to.be.below(1_500)
    // What the store has is not counted again: by a retry, or by somebody else.
    const { uploadLeft } = await client.getAllowance({})
    const again = fresh()
    await client.submitRequest(again)
    const left = (await client.getAllowance({})).uploadLeft
    await client.submitRequest(again)
    expect((await client.getAllowance({})).uploadLeft).to.equal(left)
    expect(left).to.be.below(uploadLeft)
  })

  it('a key has the commits of its own workload closed, and of no other', async () => {
    const [client, stranger] = [await api.as(), await api.as()]
    await mining(false)
    const { request } = await client.submitRequest({ ...fresh(), redundancy: 2 })
    await rejected(client.releaseRequest({ request }), 'CLIENT_NOTHING_TO_DO')
    await mining(true)
    const workload = (await submitted(client, request)).workload as WorkloadId
    await network.chain.mine(4)
    await requester.assign({ workload })
    // Without a commit there is nothing to close: refused by the chain, and over.
    await client.releaseRequest({ request })
    await until(async () => !(await client.getRequest({ request })).releasing)
    expect((await requester.getWorkload({ workload })).status).to.equal('proving')
    const { slots } = await requester.getWorkload({ workload })
    await prover.commit(network, workload, slots[0]!.seat)
    await rejected(stranger.releaseRequest({ request }), 'API_NOT_FOUND')
    expect(await client.releaseRequest({ request })).to.include({ releasing: true })
    await until(async () => (await requester.getWorkload({ workload })).status === 'revealing')
    await until(async () => !(await client.getRequest({ request })).releasing)
  })

  /** As the server's operator sees it; sums are up to three seconds old. */
  async function accountOf(keyId: string) {
    const { key } = await api.keys.add(
      'operator',
      { requestsPerDay: 0, spendPerDay: '0', uploadPerDay: 0 },
      Date.now(),
      true,
    )
    const { accounts } = await api.again(key).listAccounts({})
    return accounts.find(({ id }) => id === keyId)!
  }
})
