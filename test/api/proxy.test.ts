import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { keccak256, toQuantity } from 'ethers'
import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'
import { connect } from '../../sdk/src/chain/connect.js'
import { openState } from '../../sdk/src/api/server/openState.js'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { buildInputs } from '../../sdk/src/content/buildInputs.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { encodeManifest } from '../../sdk/src/content/manifestJson.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { TestApi } from '../support/api.js'
import { DATABASES, useApiDatabases } from '../support/databases.js'
import { aProgram, PROOF, prover, PUBLIC_INPUTS, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

const PAUSED_CLASS = 7

type Stored = Awaited<ReturnType<ApiClient['getRequest']>>

for (const database of DATABASES)
  describe(`api: proxy, ${database}`, function () {
    this.timeout(120_000)
    const newDatabase = useApiDatabases(database)
    let network: Network
    let requester: GevulotClient
    let program: string
    let api: TestApi
    let place: { readonly databaseUrl?: string }

    before(async () => {
      network = await startNetwork()
      requester = await network.client()
      program = await aProgram(network, requester)
    })
    beforeEach(async () => {
      place = await newDatabase()
      api = await TestApi.start(network, place)
    })
    afterEach(() => api.remove())
    after(() => network.chain.stop())

    let counter = 0
    /** A request like no other. */
    const fresh = () => ({
      program,
      inputs: {
        files: {
          public_inputs: PUBLIC_INPUTS.toString('base64'),
          salt: Buffer.from(`${counter++}`).toString('base64'),
        },
      },
      maxRunTime: 600,
    })

    async function until(client: ApiClient, id: string, test: (request: Stored) => boolean): Promise<Stored> {
      for (let attempt = 0; attempt < 1_200; attempt++) {
        const request = await client.getRequest({ request: id })
        if (test(request)) return request
        await sleep(25)
      }
      throw new Error(`request ${id} did not come that far:\n${api.lines.join('\n')}`)
    }
    const submitted = (client: ApiClient, id: string) => until(client, id, ({ state }) => state === 'submitted')

    it('refuses public inputs that no transaction can show, in the request or put here before, and keeps nothing of it', async () => {
      const client = await api.as()
      const large = Buffer.alloc(126 * 1024 + 1)
      const files = { public_inputs: large.toString('base64') }
      const refused = async (inputs: Parameters<ApiClient['submitRequest']>[0]['inputs']) => {
        const error = await rejected(
          client.submitRequest({ program, inputs, maxRunTime: 600 }),
          'CLIENT_PUBLIC_INPUTS_TOO_LARGE',
        )
        expect(error.details).to.include({ status: 422 })
      }
      await refused({ files })
      expect(await new DirectoryStore(join(api.directory, 'content')).has(digestOf(large))).to.equal(false)
      const memory = new MemoryStore()
      const { digest, manifest } = await buildInputs({ files: { public_inputs: large } }, memory)
      for (const content of [large, encodeManifest(manifest).bytes]) await client.putContent(content)
      await refused({ digest, publicInputs: keccak256(large) })
      expect(await client.listRequests({})).to.deep.equal({ requests: [], next: null })
    })

    it('submits, tracks and retrieves for somebody who touches no chain', async () => {
      const client = await api.as()
      const accepted = await client.submitRequest({ ...fresh(), redundancy: 1 })
      expect(accepted).to.include({ state: 'accepted', workload: null, error: null })
      const { workload } = await submitted(client, accepted.request)
      const id = workload as WorkloadId
      const pending = await client.getWorkload({ workload: id })
      expect(pending).to.include({ status: 'pending', program, requester: network.requester.address })
      expect((await rejected(client.getProof({ workload: id }), 'CLIENT_NO_PROOF')).details).to.include({ status: 404 })

      await network.chain.mine(4)
      await requester.assign({ workload: id })
      const { spec, slots } = await requester.getWorkload({ workload: id })
      await prover.submitProof(network, spec, slots[0]!.seat)
      const { proof, publicInputs, seat } = await client.getProof({ workload: id })
      expect(Buffer.from(proof, 'base64').equals(PROOF)).to.equal(true)
      expect(Buffer.from(publicInputs, 'base64').equals(PUBLIC_INPUTS)).to.equal(true)
      expect(seat).to.equal(slots[0]!.seat)
    })

    it('a retry with the same Idempotency-Key asks for nothing twice, also when many race', async () => {
      const client = await api.as()
      const { nonce } = await requester.getBalance()
      const body = fresh()
      const options = { idempotencyKey: 'order-1' }
      const answers = await Promise.all(Array.from({ length: 12 }, () => client.submitRequest(body, options)))
      expect(new Set(answers.map(({ request }) => request)).size).to.equal(1)
      await submitted(client, answers[0]!.request)
      expect((await client.submitRequest(body, options)).state).to.equal('submitted')
      expect((await requester.getBalance()).nonce).to.equal(nonce + 1)
      await rejected(client.submitRequest(fresh(), options), 'API_IDEMPOTENCY_CONFLICT')
      // Another key may use the same word.
      const other = await (await api.as()).submitRequest(body, options)
      expect(other.request).not.to.equal(answers[0]!.request)
    })

    it('a restart loses no accepted request and submits none twice', async () => {
      const { apiKey, ...client } = await api.as()
      const { nonce } = await requester.getBalance()
      const accepted = await Promise.all(Array.from({ length: 5 }, () => client.submitRequest(fresh())))
      // Wherever it stands: most requests are not on the chain yet.
      await api.stop()
      await api.start()
      const again = api.again(apiKey)
      const workloads = await Promise.all(
        accepted.map(async ({ request }) => (await submitted(again, request)).workload as string),
      )
      expect(new Set(workloads).size).to.equal(5)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 5)
    })

    it('finds what it had sent before it was killed', async () => {
      const { apiKey, ...client } = await api.as()
      const { request } = await client.submitRequest(fresh())
      const { workload } = await submitted(client, request)
      await api.stop()
      // As if the answer of the chain had not been noted any more.
      const { nonce } = await requester.getBalance()
      await forget(request, nonce - 1)
      await api.start()
      expect((await submitted(api.again(apiKey), request)).workload).to.equal(workload)
      expect((await requester.getBalance()).nonce).to.equal(nonce)
    })

    it('takes another nonce when somebody else acted for the account', async () => {
      const { apiKey, ...client } = await api.as()
      const { request } = await client.submitRequest(fresh())
      await submitted(client, request)
      await api.stop()
      // This nonce has submitted something else.
      await forget(request, 0)
      const { nonce } = await requester.getBalance()
      await api.start()
      await submitted(api.again(apiKey), request)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 1)
    })

    it('does not give up a nonce that the chain is behind: what was sent with it may yet be mined', async () => {
      const { apiKey, ...client } = await api.as()
      const { request } = await client.submitRequest(fresh())
      await submitted(client, request)
      await api.stop()
      // As after a reorg that took the workload before this one away, too.
      const { nonce } = await requester.getBalance()
      await forget(request, nonce + 1)
      await api.start()
      const again = api.again(apiKey)
      await until(again, request, () => api.lines.some((line) => line.includes('the chain is behind the nonce')))
      expect(await again.getRequest({ request })).to.include({ state: 'accepted' })
      // It holds up no other, and is submitted when its nonce is the next one.
      const { request: other } = await again.submitRequest(fresh())
      await submitted(again, other)
      await submitted(again, request)
      expect((await requester.getBalance()).nonce).to.equal(nonce + 2)
    })

    it('submits again what a reorg has taken away, although nothing else is asked for', async () => {
      const { apiKey: _, ...client } = await api.as()
      const { request } = await client.submitRequest(fresh())
      const { workload: id } = await submitted(client, request)
      const workload = id as WorkloadId
      const { nonce } = await requester.getBalance()
      const { submittedBlock } = await requester.getWorkload({ workload })
      // The block of the submission and all behind it are replaced by empty ones.
      const depth = (await network.chain.provider.getBlockNumber()) - submittedBlock + 1
      await network.chain.provider.send('anvil_reorg', [depth, []])
      expect((await requester.getBalance()).nonce).to.equal(nonce - 1)
      await network.chain.mine(2)
      await until(client, request, () => api.lines.some((line) => line.includes('a reorg took workloads away')))
      await submitted(client, request)
      expect((await requester.getBalance()).nonce).to.equal(nonce)
      expect((await requester.getWorkload({ workload })).status).to.equal('pending')
    })

    it('cancels again what it had cancelled before a reorg has taken both away', async () => {
      const { apiKey: _, ...client } = await api.as()
      const { request } = await client.submitRequest(fresh())
      const { workload: id } = await submitted(client, request)
      const workload = id as WorkloadId
      const { submittedBlock } = await requester.getWorkload({ workload })
      await client.cancelRequest({ request })
      await until(client, request, ({ cancelling }) => !cancelling)
      const lost = () => api.lines.filter((line) => line.includes('a reorg took workloads away')).length
      const before = lost()
      const depth = (await network.chain.provider.getBlockNumber()) - submittedBlock + 1
      await network.chain.provider.send('anvil_reorg', [depth, []])
      await network.chain.mine(2)
      await until(client, request, () => lost() > before)
      await until(client, request, ({ state, cancelling }) => state === 'submitted' && !cancelling)
      expect((await requester.getWorkload({ workload })).status).to.equal('cancelled')
    })

    it('cancels again what it had cancelled before a reorg has taken the cancel alone away', async () => {
      const { apiKey: _, ...client } = await api.as()
      const { request } = await client.submitRequest(fresh())
      const { workload: id } = await submitted(client, request)
      const workload = id as WorkloadId
      const { provider } = network.chain
      const submission = await provider.getBlockNumber()
      await client.cancelRequest({ request })
      await until(client, request, ({ cancelling }) => !cancelling)
      await provider.send('anvil_reorg', [(await provider.getBlockNumber()) - submission, []])
      expect((await requester.getWorkload({ workload })).status).to.equal('pending')
      await network.chain.mine(1)
      await until(client, request, () => api.lines.some((line) => line.includes('a reorg took cancels away')))
      // The beacon's round is fixed by now: the cancel waits for the draw, and for its delay.
      await network.chain.mine(4)
      await requester.assign({ workload })
      while ((await client.getRequest({ request })).cancelling) {
        await network.chain.pass(2)
        await sleep(100)
      }
      expect((await requester.getWorkload({ workload })).status).to.equal('cancelled')
    })

    async function forget(request: string, nonce: number): Promise<void> {
      const closers: (() => Promise<unknown>)[] = []
      const { contracts, clock } = requester
      const at = { directory: join(api.directory, 'data'), databaseUrl: place.databaseUrl, contracts, clock }
      const { db } = await openState(at, closers)
      await db
        .updateTable('requests')
        .set({ state: 'accepted', workload: null, nonce })
        .where('public_id', '=', request)
        .execute()
      for (const close of closers.reverse()) await close()
    }

    it('cancels what is submitted by the rules of the chain', async () => {
      const client = await api.as()
      const { request } = await client.submitRequest(fresh())
      const { workload } = await submitted(client, request)
      expect(await client.cancelRequest({ request })).to.include({ state: 'submitted', cancelling: true })
      await until(client, request, ({ cancelling }) => !cancelling)
      const after = await client.getWorkload({ workload: workload! })
      expect(after.status).to.equal('cancelled')
      expect(after.ledger).to.include({ refunded: after.fee, burned: '0' })
    })

    it('cancels what it had no gas money for once it has some', async () => {
      const client = await api.as()
      const { request } = await client.submitRequest(fresh())
      const { workload } = await submitted(client, request)
      const { provider } = network.chain
      const { address } = network.requester
      const had = await provider.getBalance(address)
      const failed = () => api.lines.filter((line) => line.includes(request) && line.includes('could not be cancelled'))
      await provider.send('anvil_setBalance', [address, '0x0'])
      try {
        await client.cancelRequest({ request })
        const { cancelling } = await until(client, request, () => failed().length > 1)
        expect(cancelling).to.equal(true)
        expect(failed().join()).to.include('CHAIN_GAS_FUNDS_LOW')
      } finally {
        await provider.send('anvil_setBalance', [address, toQuantity(had)])
      }
      await until(client, request, ({ cancelling }) => !cancelling)
      expect((await client.getWorkload({ workload: workload! })).status).to.equal('cancelled')
    })

    it('keeps to the limits of a key, also when requests race', async () => {
      const { fee } = await requester.quote({ program: program as WorkloadId, maxRunTime: 600 })
      const spender = await api.as({ spendPerDay: String(3n * fee) })
      const counted = await api.as({ requestsPerDay: 2 })
      for (const [client, most] of [
        [spender, 3],
        [counted, 2],
      ] as const) {
        const outcomes = await Promise.allSettled(Array.from({ length: 9 }, () => client.submitRequest(fresh())))
        const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []))
        expect(outcomes.length - refusals.length).to.equal(most)
        for (const reason of refusals) expect(reason).to.include({ code: 'API_LIMIT_REACHED' })
      }
      expect(await spender.getAllowance({})).to.include({ spendLeft: '0' })
      expect(await counted.getAllowance({})).to.include({ requestsLeft: 0 })
    })

    it('stores nothing of a request that the limits refuse', async () => {
      const words = Buffer.alloc(32, 0xee)
      const request = { ...fresh(), inputs: { files: { public_inputs: words.toString('base64') } } }
      const kept = async () => (await fetch(`${api.url}/v1/content/${digestOf(words)}`)).status
      await rejected((await api.as({ requestsPerDay: 0 })).submitRequest(request), 'API_LIMIT_REACHED')
      expect(await kept()).to.equal(404)
      const client = await api.as()
      const accepted = await client.submitRequest(request)
      expect(await kept()).to.equal(200)
      await submitted(client, accepted.request)
    })

    it('a request that the account cannot pay for holds up no other', async () => {
      const rich = await api.as({ spendPerDay: String(10n ** 30n) })
      const { request: dear } = await rich.submitRequest({ ...fresh(), fee: String(1_200_000n * TOKEN) })
      const { request } = await rich.submitRequest(fresh())
      await submitted(rich, request)
      expect(await rich.getRequest({ request: dear })).to.include({ state: 'accepted' })
      expect(await rich.cancelRequest({ request: dear })).to.include({ state: 'cancelled' })
    })

    it('a request of a class that is paused holds up no other, and is cancelled without a trace on the chain', async () => {
      const { market } = await connect(network.deployment, network.owner)
      const { minimumFee, minimumRate, rules } = await market.classTermsOf(1)
      await (await market.setClassTerms(PAUSED_CLASS, { minimumFee, minimumRate, rules })).wait()
      const { program: paused } = await requester.deployProgram({
        ...{ prover: digestOf(Buffer.from('of a paused class')), verifier: network.verifier, class: PAUSED_CLASS },
      })
      await (await market.setGuardian(network.owner.address)).wait()
      await (await market.acceptGuardian()).wait()
      await (await market.pauseSubmissions(PAUSED_CLASS, 3_600)).wait()
      const client = await api.as()
      const { request: waits } = await client.submitRequest({ ...fresh(), program: paused })
      await submitted(client, (await client.submitRequest(fresh())).request)
      expect(await client.getRequest({ request: waits })).to.include({ state: 'accepted', error: null })
      expect(api.lines.join()).to.include('the contracts do not take a request now')
      expect(await client.cancelRequest({ request: waits })).to.include({ state: 'cancelled' })
    })

    it('lists the requests of a key in pages, and nothing of another key', async () => {
      const client = await api.as()
      const ids: string[] = []
      for (let index = 0; index < 5; index++) ids.unshift((await client.submitRequest(fresh())).request)
      const seen: string[] = []
      let cursor: number | undefined
      do {
        const page = await client.listRequests({ limit: 2, ...(cursor !== undefined && { cursor }) })
        expect(page.requests.length).to.be.within(1, 2)
        seen.push(...page.requests.map(({ request }) => request))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(seen).to.deep.equal(ids)

      const stranger = await api.as()
      expect((await stranger.listRequests({})).requests).to.deep.equal([])
      await rejected(stranger.getRequest({ request: ids[0]! }), 'API_NOT_FOUND')
      await rejected(stranger.cancelRequest({ request: ids[0]! }), 'API_NOT_FOUND')
    })

    it('a revoked key is refused at once, and its secret is nowhere in the files', async () => {
      const client = await api.as()
      await client.getAllowance({})
      const secret = client.apiKey.split('_').slice(2).join('_')
      const directory = join(api.directory, 'data/keys')
      for (const name of await readdir(directory)) {
        expect(await readFile(join(directory, name), 'utf8')).not.to.include(secret)
      }
      await api.keys.revoke(client.keyId)
      await rejected(client.getAllowance({}), 'API_UNAUTHORISED')
    })

    it('serves what it published to provers', async () => {
      const client = await api.as()
      const { inputs } = await client.submitRequest(fresh())
      const response = await fetch(`${api.url}/v1/content/${inputs.slice(2)}`)
      expect(response.status).to.equal(200)
      expect(digestOf(new Uint8Array(await response.arrayBuffer()))).to.equal(inputs)
    })

    it('takes the inputs of a workload that somebody else submitted, and nothing that no workload names', async () => {
      const reader = createApiClient({ url: api.url })
      const args = ['--deep']
      const files = { public_inputs: PUBLIC_INPUTS, witness: Buffer.from(`a witness ${counter++}`) }
      const inputs = { args, files }
      const { digest } = await buildInputs(inputs, new MemoryStore())
      const terms = { program: program as Hex, fee: 5n * TOKEN, maxRunTime: 600 }
      const published = { digest, publicInputs: keccak256(PUBLIC_INPUTS) as Hex }
      // Not the server's account: what it has sent may still be under way, and uses balance and nonce.
      const other = await network.client({ signer: network.operators[0]!.account })
      await other.deposit({ amount: terms.fee })
      const { workload } = await other.submit({ ...terms, inputs: published })
      const encoded = { args, files: { public_inputs: PUBLIC_INPUTS.toString('base64'), witness: files.witness.toString('base64') } } // prettier-ignore

      const wrong = { ...encoded, files: { ...encoded.files, witness: 'AAAA' } }
      const refusal = await rejected(reader.publishInputs({ workload, ...wrong }), 'API_REQUEST_INVALID')
      expect(refusal.message).to.include(digest)
      await rejected(reader.publishInputs({ workload: `0x${'77'.repeat(32)}`, ...encoded }), 'CLIENT_WORKLOAD_UNKNOWN')
      const store = new DirectoryStore(join(api.directory, 'content'))
      expect(await store.has(digestOf(Buffer.from('AAAA', 'base64')))).to.equal(false)

      expect(await reader.publishInputs({ workload, ...encoded })).to.deep.equal({ inputs: digest })
      // Once more is harmless, and leaves no newer time: that would keep it for good.
      const writtenAt = await store.storedAt(digest)
      await reader.publishInputs({ workload, ...encoded })
      expect(await store.storedAt(digest)).to.equal(writtenAt)
      for (const content of [digest, digestOf(files.witness), digestOf(PUBLIC_INPUTS)]) {
        expect((await fetch(`${api.url}/v1/content/${content.slice(2)}`)).status, content).to.equal(200)
      }

      await other.cancel({ workload })
      await rejected(reader.publishInputs({ workload, ...encoded }), 'CLIENT_NOTHING_TO_DO')
      // Some time behind its end they are removed, and nothing but them: a key has asked for a proof of the same public inputs.
      const client = await api.as()
      await client.submitRequest(fresh())
      await api.stop()
      await api.start({ inputs: { keepMs: 0, sweepMs: 50 } })
      while ((await store.has(digest)) || (await store.has(digestOf(files.witness)))) {
        await network.chain.pass(2)
        await sleep(50)
      }
      expect(await store.has(digestOf(PUBLIC_INPUTS))).to.equal(true)
      await api.stop()
      await api.start({ inputs: { perDay: 1 } })
      const { workload: another } = await other.submit({ ...terms, inputs: published })
      await rejected(
        createApiClient({ url: api.url }).publishInputs({ workload: another, ...encoded }),
        'API_LIMIT_REACHED',
      )
      expect(await store.has(digest)).to.equal(false)
      await api.stop()
      await api.start({ proxy: false })
      const onlyReads = createApiClient({ url: api.url })
      await rejected(onlyReads.publishInputs({ workload, ...encoded }), 'API_NOT_FOUND')
    })
  })
