import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'
import { root } from '../../scripts/lib/artifacts.js'
import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'
import { openState } from '../../sdk/src/api/server/openState.js'
import { connect } from '../../sdk/src/chain/connect.js'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { TestApi } from '../support/api.js'
import type { ApiProcessOptions } from '../support/apiProcess.js'
import { DATABASES, useApiDatabases } from '../support/databases.js'
import { aProgram, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'

type Stored = Awaited<ReturnType<ApiClient['getRequest']>>

const children = new Set<ChildProcess>()
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')))
let hardwareClass = 20

for (const database of DATABASES)
  describe(`api: requests that go together, ${database}`, function () {
    this.timeout(300_000)
    const newDatabase = useApiDatabases(database)
    let network: Network
    let requester: GevulotClient
    let program: Hex
    let api: TestApi
    let place: { readonly databaseUrl?: string }

    before(async () => {
      network = await startNetwork()
      requester = await network.client()
      program = await aProgram(network, requester)
      await requester.deposit({ amount: 10_000n * TOKEN })
      const { market } = await connect(network.deployment, network.owner)
      await (await market.setGuardian(network.owner.address)).wait()
      await (await market.acceptGuardian()).wait()
    })
    beforeEach(async () => {
      place = await newDatabase()
      api = await TestApi.start(network, place)
    })
    afterEach(async () => {
      await send('evm_setAutomine', [true])
      await send('evm_mine', [])
      for (const child of children) await end(child)
      await api.remove()
    })
    after(() => network.chain.stop())

    const send = (method: string, values: unknown[]) => network.chain.provider.send(method, values) as Promise<unknown>
    const sent = (at: 'latest' | 'pending' = 'latest') =>
      network.chain.provider.getTransactionCount(network.requester.address, at)
    const fresh = (of: Hex = program) => ({ program: of, inputs: someInputs(), maxRunTime: 600 })
    const ask = (client: ApiClient, count: number) =>
      Promise.all(Array.from({ length: count }, () => client.submitRequest(fresh())))
    /** In the order in which they were asked for. */
    async function askInOrder(client: ApiClient, programs: readonly Hex[]): Promise<Stored[]> {
      const asked: Stored[] = []
      for (const each of programs) asked.push(await client.submitRequest(fresh(each)))
      return asked
    }

    async function until<Value>(look: () => Promise<Value>, test: (value: Value) => boolean): Promise<Value> {
      for (let attempt = 0; attempt < 1_200; attempt++) {
        const value = await look()
        if (test(value)) return value
        await sleep(100)
      }
      throw new Error(`it did not come that far:\n${api.lines.join('\n')}`)
    }
    const submitted = (client: ApiClient, asked: readonly Stored[]) =>
      Promise.all(
        asked.map(({ request }) => until(() => client.getRequest({ request }), ({ state }) => state === 'submitted')),
      ) // prettier-ignore
    const blocksOf = async (stored: readonly Stored[]) =>
      new Set(await Promise.all(stored.map(async ({ workload }) => (await requester.getWorkload({ workload: workload as Hex })).submittedBlock))) // prettier-ignore

    /** Nothing is mined from here on; the transaction of one request waits for its block. */
    async function holdOne(client: ApiClient): Promise<Stored> {
      await send('evm_setAutomine', [false])
      const before = await sent()
      const first = await client.submitRequest(fresh())
      await until(() => sent('pending'), (count) => count === before + 1) // prettier-ignore
      return first
    }
    async function mineOn(): Promise<void> {
      await send('evm_setAutomine', [true])
      await send('evm_mine', [])
    }

    it('one goes at once; those that come while its transaction is under way go together in the next one', async () => {
      const client = await api.as()
      const [before, { nonce }] = [await sent(), await requester.getBalance()]
      const first = await holdOne(client)
      const behind = await ask(client, 6)
      await mineOn()
      const all = await submitted(client, [first, ...behind])
      expect(await sent()).to.equal(before + 2)
      expect(await blocksOf(all.slice(1))).to.have.property('size', 1)
      expect(new Set(all.map(({ workload }) => workload)).size).to.equal(7)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 7)
      // Each bears its part of what the transaction cost.
      const { gas } = await client.getAccount({})
      expect(gas.unknown).to.equal(0)
      const blocks = [...(await blocksOf(all))]
      const [one, together] = await Promise.all(blocks.sort((a, b) => a - b).map(costOf))
      expect(blocks).to.have.length(2)
      expect(BigInt(gas.wei)).to.be.within(one! + together! - 6n, one! + together!)
    })

    async function costOf(block: number): Promise<bigint> {
      const [hash] = (await network.chain.provider.getBlock(block))!.transactions
      const receipt = await network.chain.provider.getTransactionReceipt(hash!)
      return receipt!.gasUsed * receipt!.gasPrice
    }

    it('keys take turns in what goes together', async () => {
      const [busy, other] = [await api.as(), await api.as()]
      const before = await sent()
      const first = await holdOne(busy)
      const many = await ask(busy, 70)
      const [single] = await ask(other, 1)
      await mineOn()
      await submitted(busy, [first, ...many])
      const [done] = await submitted(other, [single!])
      expect(await sent()).to.equal(before + 3)
      const [blocks, own] = [await blocksOf(await submitted(busy, many)), [...(await blocksOf([done!]))][0]!]
      expect(blocks.size).to.equal(2)
      expect(own).to.equal(Math.min(...blocks))
    })

    /** A program of a class of its own, and the class's terms. */
    async function ofAnotherClass() {
      const { market } = await connect(network.deployment, network.owner)
      const of = hardwareClass++
      const { minimumFee, minimumRate, rules } = await market.classTermsOf(1)
      await (await market.setClassTerms(of, { minimumFee, minimumRate, rules })).wait()
      const prover = hexlify(randomBytes(32)) as Hex
      const deployed = await requester.deployProgram({ prover, verifier: network.verifier, class: of })
      const raise = () =>
        market.setClassTerms(of, { minimumFee: 2n * minimumFee, minimumRate: 2n * minimumRate, rules })
      return { of, market, program: deployed.program, raise }
    }

    it('what the market refuses takes none of its neighbours down, and is told why', async () => {
      const [paused, dearer] = [await ofAnotherClass(), await ofAnotherClass()]
      const { market } = paused
      const client = await api.as()
      const [before, { nonce }] = [await sent(), await requester.getBalance()]
      const first = await holdOne(client)
      const [a, waits, b, refused, c] = await askInOrder(client, [program, paused.program, program, dearer.program, program]) // prettier-ignore
      const owners = [await market.pauseSubmissions(paused.of, 3_600), await dearer.raise()]
      await mineOn()
      await Promise.all(owners.map((transaction) => transaction.wait()))
      const good = await submitted(client, [first, a!, b!, c!])
      expect(await sent()).to.equal(before + 2)
      expect(await blocksOf(good.slice(1))).to.have.property('size', 1)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 4)
      const ended = await until(() => client.getRequest({ request: refused!.request }), ({ state }) => state === 'refused') // prettier-ignore
      expect(ended.error?.code).to.equal('CONTRACT_FEE_TOO_LOW')
      const request = waits!.request
      expect(await client.getRequest({ request })).to.include({ state: 'accepted', error: null })
      expect(api.lines.join()).to.include('CONTRACT_SUBMISSIONS_PAUSED')
      // It has no nonce, so it is cancelled at once.
      expect(await client.cancelRequest({ request })).to.include({ state: 'cancelled' })
    })

    it('what cannot be paid together goes as far as the balance does, and what is revoked or cancelled is left out', async () => {
      await api.stop()
      await api.start({ deposit: false })
      const [client, revoked] = [await api.as({ spendPerDay: String(10n ** 30n) }), await api.as()]
      const first = await holdOne(client)
      const { market, nonce } = await requester.getBalance()
      const fee = String((market * 2n) / 5n)
      const dear: Stored[] = []
      for (let index = 0; index < 3; index++) dear.push(await client.submitRequest({ ...fresh(), fee }))
      const [cheap] = await ask(client, 1)
      const [nobodys] = await ask(revoked, 1)
      const [gone] = await ask(client, 1)
      await api.keys.revoke(revoked.keyId)
      expect(await client.cancelRequest({ request: gone!.request })).to.include({ state: 'cancelled' })
      const before = await sent()
      await mineOn()
      const done = await submitted(client, [first, dear[0]!, dear[1]!, cheap!])
      expect(await sent()).to.equal(before + 2)
      expect(await blocksOf(done.slice(1))).to.have.property('size', 1)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 4)
      expect(await client.getRequest({ request: dear[2]!.request })).to.include({ state: 'accepted' })
      await until(async () => api.lines.join(), (lines) => lines.includes('the account cannot pay')) // prettier-ignore
      expect(api.lines.join()).to.include('API_UNAUTHORISED').and.not.include(`"request":"${gone!.request}"`)
      expect(nobodys!.state).to.equal('accepted')
      expect(await client.cancelRequest({ request: dear[2]!.request })).to.include({ state: 'cancelled' })
    })

    /** As if nothing had been noted behind the nonces. */
    async function forget(asked: readonly Stored[], nonceOf: (index: number) => number): Promise<void> {
      const closers: (() => Promise<unknown>)[] = []
      const { contracts, clock } = requester
      const at = { directory: join(api.directory, 'data'), databaseUrl: place.databaseUrl, contracts, clock }
      const { db } = await openState(at, closers)
      for (const [index, { request }] of asked.entries()) {
        const set = { state: 'accepted' as const, workload: null, submitted_block: null, nonce: nonceOf(index) }
        await db.updateTable('requests').set(set).where('public_id', '=', request).execute()
      }
      for (const close of closers.reverse()) await close()
    }

    it('finds those that were sent before it was killed, and submits the others of the same nonces', async () => {
      const { apiKey, ...client } = await api.as()
      const first = await holdOne(client)
      const behind = await ask(client, 4)
      await mineOn()
      const all = await submitted(client, [first, ...behind])
      const { nonce } = await requester.getBalance()
      // Two more that had got their nonces, and for which nothing was sent: nobody has seen them but the database.
      const more = await ask(client, 2)
      const last = await submitted(client, more)
      await api.stop()
      const byNonce = (await noncesOf([...all, ...last])).map(({ stored }) => stored)
      await network.chain.provider.send('anvil_reorg', [depthOf(await blocksOf(last), await network.chain.provider.getBlockNumber()), []]) // prettier-ignore
      expect((await requester.getBalance()).nonce).to.equal(nonce)
      await forget(byNonce, (index) => nonce - 5 + index)
      await api.start()
      const again = await submitted(api.again(apiKey), byNonce)
      expect(again.map(({ workload }) => workload)).to.deep.equal(byNonce.map(({ workload }) => workload))
      expect((await requester.getBalance()).nonce).to.equal(nonce + 2)
    })

    const depthOf = (blocks: ReadonlySet<number>, head: number) => head - Math.min(...blocks) + 1
    async function noncesOf(all: readonly Stored[]) {
      const read = all.map(async (stored) => ({
        stored,
        nonce: (await requester.getWorkload({ workload: stored.workload as Hex })).terms.nonce,
      }))
      return (await Promise.all(read)).toSorted((a, b) => a.nonce - b.nonce)
    }

    it('takes other nonces when somebody else acted for the account', async () => {
      const { apiKey, ...client } = await api.as()
      const asked = await ask(client, 4)
      await submitted(client, asked)
      await api.stop()
      const { nonce } = await requester.getBalance()
      // These nonces have submitted something else.
      await forget(asked, (index) => index)
      await api.start()
      await submitted(api.again(apiKey), asked)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 4)
    })

    describe('killed', () => {
      async function serve(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
        const options: ApiProcessOptions = {
          ...{ deployment: network.deployment, rpc: network.chain.url, key: network.requester.privateKey },
          ...{ directory: join(api.directory, 'data'), store: join(api.directory, 'content'), ...place },
        }
        const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'test/support/apiProcess.ts')], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] }) // prettier-ignore
        children.add(child)
        child.stderr.on('data', (chunk: Buffer) => api.lines.push(chunk.toString()))
        child.stdin.end(JSON.stringify(options))
        const [url] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown]
        if (!Buffer.isBuffer(url)) throw new Error(`the server ended:\n${api.lines.join('\n')}`)
        return { url: url.toString().trim(), child }
      }

      for (const fate of ['is mined meanwhile', 'is mined later', 'is lost'] as const)
        it(`with a transaction of several under way that ${fate}: nothing is lost, nothing is paid twice`, async () => {
          const { apiKey } = await api.as()
          await api.stop()
          const { market, nonce } = await requester.getBalance()
          const first = await serve()
          const client = createApiClient({ url: first.url, apiKey })
          const one = await holdOne(client)
          const asked = [one, ...(await ask(client, 5))]
          const before = await sent()
          await send('evm_mine', [])
          await until(() => sent('pending'), (count) => count === before + 2) // prettier-ignore
          await end(first.child)
          const pool = (await send('txpool_content', [])) as { readonly pending: Readonly<Record<string, Record<string, { readonly hash: string }>>> } // prettier-ignore
          const [hash] = Object.values(pool.pending).flatMap((of) => Object.values(of).map((each) => each.hash))
          if (fate === 'is lost') await send('anvil_dropTransaction', [hash])
          if (fate !== 'is mined later') await mineOn()
          const second = await serve()
          const again = createApiClient({ url: second.url, apiKey })
          const more = await ask(again, 2)
          if (fate === 'is mined later') {
            // It has met what it had sent, and waits for it.
            await until(async () => api.lines.join(), (lines) => lines.includes('could not be submitted yet') || lines.includes('failed together')) // prettier-ignore
            await mineOn()
          }
          const done = await submitted(again, [...asked, ...more])
          expect(new Set(done.map(({ workload }) => workload)).size).to.equal(8)
          const after = await requester.getBalance()
          expect(after.nonce).to.equal(nonce + 8)
          expect(after.market).to.equal(market - 8n * BigInt(done[0]!.fee))
          await end(second.child)
        })
    })
  })

async function end(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
