import { keccak256 } from 'ethers'
import type { Hex, WorkloadId } from '../../chain/hex.js'
import { toProgramId, toWorkloadId } from '../../chain/hex.js'
import type { DeliveryInbox } from '../../client/delivery/DeliveryInbox.js'
import type { GevulotClient } from '../../client/createClient.js'
import { checkPublicInputs } from '../../client/checkPublicInputs.js'
import { getPinnedProgram } from '../../client/getProgram.js'
import { buildInputs, type InputsSpec } from '../../content/buildInputs.js'
import { MAX_INPUTS_MANIFEST_BYTES, parseInputsManifest, PUBLIC_INPUTS } from '../../content/InputsManifest.js'
import { encodeManifest } from '../../content/manifestJson.js'
import type { ContentStore, StoredContent } from '../../content/ContentStore.js'
import { MemoryStore } from '../../content/MemoryStore.js'
import { digestFromHex, parseDigest } from '../../content/digest.js'
import { apiError } from '../../errors/codes/api.js'
import { clientError } from '../../errors/codes/client.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Answer, Input } from '../contract/Endpoint.js'
import type { ENDPOINTS, EndpointName } from '../contract/endpoints.js'
import type { Accounts } from '../store/Accounts.js'
import type { KeptInputs } from '../store/KeptInputs.js'
import type { RequestStore, StoredRequest } from '../store/RequestStore.js'
import type { UploadStore } from '../store/UploadStore.js'
import type { ApiKeys, StoredKey } from './ApiKeys.js'
import type { ChainIndex } from '../chainIndex/ChainIndex.js'
import { requestAnswer, workloadAnswer } from './answers.js'
import type { Figures } from './Figures.js'
import { indexHandlers } from './indexHandlers.js'
import type { Readings } from './Readings.js'
import type { Submitter } from './Submitter.js'
import { webhookHandlers } from './webhookHandlers.js'
import type { WebhookStore } from '../webhooks/WebhookStore.js'
import type { AddressPolicy } from '../../content/addressPolicy.js'

/** Proxy mode: what submitting on behalf of keys needs. */
export interface Proxy {
  readonly keys: ApiKeys
  readonly requests: RequestStore
  readonly uploads: UploadStore
  readonly accounts: Accounts
  readonly submitter: Submitter
  readonly store: ContentStore
  /** What the store holds for requesters without a key. */
  readonly kept: KeptInputs
  /** Where provers leave sealed results. */
  readonly inbox: DeliveryInbox | undefined
  /** Base address at which provers can fetch what the store holds; none: they share the store. */
  readonly contentUri: string
  readonly webhooks: WebhookStore
  /** Where webhooks may go. */
  readonly addresses: AddressPolicy
}

/** What handlers work with. */
export interface Backend {
  readonly client: GevulotClient
  /** Absent in a server that only reads. */
  readonly proxy: Proxy | undefined
  readonly index: ChainIndex
  /** What the index answers. */
  readonly figures: Figures
  /** Workloads as the chain has them. */
  readonly readings: Readings
}

/** Who asks. */
export interface Caller {
  readonly key: StoredKey | undefined
  readonly idempotencyKey: string | undefined
  /** sha-256 of the body as it came. */
  readonly bodyHash: string
}

/** What an operation does. */
export type Handler<Name extends EndpointName> = (
  backend: Backend,
  input: Input<(typeof ENDPOINTS)[Name]>,
  caller: Caller,
) => Promise<Answer<(typeof ENDPOINTS)[Name]>>

/** Those whose answers are large have files of their own. */
type LargeName = 'getProof' | 'getSealedProof'

/** What each other operation of the API does. */
export const handlers: { readonly [Name in Exclude<EndpointName, LargeName>]: Handler<Name> } = {
  ...indexHandlers,
  ...webhookHandlers,

  async getNetwork({ client, proxy, index, figures }) {
    const { chainId, provider, addresses: contracts, fromBlock } = client.contracts
    const block = await provider.getBlockNumber()
    const { head } = index
    return {
      ...{ chainId, block, contracts, fromBlock, proxy: proxy !== undefined, contentUri: proxy?.contentUri ?? '' },
      index: head === undefined ? null : { block: head.block, time: head.time },
      totals: await figures.totals(),
    }
  },

  async getProgram({ client, figures }, { program }) {
    const pinned = await client.getProgram({ program: toProgramId(program) })
    return { ...pinned, history: await figures.programHistory(program) }
  },

  async getQuote({ client, figures }, { program, maxRunTime, redundancy, fee }) {
    const quote = await client.quote({
      program,
      maxRunTime,
      redundancy,
      ...(fee !== undefined && { fee: BigInt(fee) }),
    })
    const chances = await figures.chances(program, maxRunTime)
    return { minimumFee: String(quote.minimumFee), fee: String(quote.fee), ranks: quote.ranks.map(String), chances }
  },

  async getWorkload({ figures, readings }, { workload }) {
    const now = await readings.read(toWorkloadId(workload))
    const [summary, story] = await Promise.all([figures.summary(workload), figures.story(workload)])
    return { ...workloadAnswer(now), summary, story }
  },

  async publishInputs(backend, { workload, ...given }) {
    const { store, kept } = proxyOf(backend)
    const { status, spec } = await backend.readings.read(toWorkloadId(workload))
    if (status !== 'pending' && status !== 'proving') {
      throw clientError('CLIENT_NOTHING_TO_DO', `the workload is ${status}: nobody needs its inputs any more`)
    }
    const inputs = decoded(given)
    // In memory first: only what the chain names gets to the disk. A fee may come back until the draw; gas does not.
    const memory = new MemoryStore()
    const { digest, manifest } = await buildInputs(inputs, memory)
    if (digest !== spec.inputs) {
      throw apiError('API_REQUEST_INVALID', `these inputs have the digest ${digest}, the workload's is ${spec.inputs}`)
    }
    const files = manifest.files.map(({ sha256, size }) => ({ digest: digestFromHex(sha256), size }))
    const own = { digest, size: encodeManifest(manifest).bytes.length }
    const contents = [...files, own]
    await kept.keep({ workload, requester: spec.requester, contents })
    // Never written again: the time of the last write says whether somebody else has put it there since, and it is to stay.
    for (const { digest: content, size: maxBytes } of contents)
      if (!(await store.has(content))) await store.put(await memory.get(content, { maxBytes }))
    return { inputs: digest }
  },

  async submitRequest(backend, input, caller) {
    const { client } = backend
    const { requests, submitter, contentUri } = proxyOf(backend)
    const key = keyOf(caller)
    const idempotencyKey = caller.idempotencyKey ?? null
    const { bodyHash } = caller
    const retry = idempotencyKey === null ? undefined : await requests.findRetry(key.id, idempotencyKey, bodyHash)
    if (retry !== undefined) return requestAnswer(retry)
    const { program, maxRunTime, redundancy, rescue } = input
    const given = input.fee === undefined ? {} : { fee: BigInt(input.fee) }
    // Says what is wrong with program, fee and public inputs before anything is stored.
    const { fee } = await client.quote({ program, maxRunTime, redundancy, ...given })
    await checkPublicInputs(
      await getPinnedProgram(client, { program: toProgramId(program) }),
      await knownOf(input.inputs, backend),
    )
    const asked = { key_id: key.id, idempotency_key: idempotencyKey, body_hash: bodyHash, fee: fee.toString() }
    // Nor does a key without allowance fill the disk.
    const meanwhile = await requests.foresee(asked, key, client.clock.now())
    if (meanwhile !== undefined) return requestAnswer(meanwhile)
    const { digest, publicInputs, uri } = await publish(input.inputs, backend, key)
    const accepted = await requests.accept(
      {
        ...{ ...asked, program, inputs: digest, public_inputs: publicInputs, inputs_uri: uri ?? contentUri },
        ...{ max_run_time: maxRunTime, redundancy, rescue, delivery_key: input.deliveryKey ?? null },
        ...{ label: input.label ?? null, jobs: input.jobs },
      },
      key,
      client.clock.now(),
    )
    submitter.wake()
    return requestAnswer(accepted)
  },

  async listRequests(backend, { limit, cursor }, caller) {
    const rows = await proxyOf(backend).requests.list(keyOf(caller).id, limit + 1, cursor)
    const page = rows.slice(0, limit)
    return { requests: page.map(requestAnswer), next: rows.length > limit ? (page.at(-1)?.id ?? null) : null }
  },

  async getRequest(backend, { request }, caller) {
    return requestAnswer(await find(backend, request, caller))
  },

  async cancelRequest(backend, { request }, caller) {
    const { requests, submitter } = proxyOf(backend)
    const row = await requests.cancel(await find(backend, request, caller))
    submitter.wake()
    return requestAnswer(row)
  },

  async releaseRequest(backend, { request }, caller) {
    const { requests, submitter } = proxyOf(backend)
    const row = await requests.release(await find(backend, request, caller))
    if (row === undefined)
      throw clientError('CLIENT_NOTHING_TO_DO', `request ${request} is no workload: it has no commits`)
    submitter.wake()
    return requestAnswer(row)
  },

  async getAllowance(backend, _, caller) {
    return allowanceOf(backend, keyOf(caller))
  },

  async getAccount(backend, _, caller) {
    const { id, name } = keyOf(caller)
    return { name, ...(await proxyOf(backend).accounts.of(id)) }
  },

  async listAccounts(backend, _, caller) {
    const { keys, accounts } = proxyOf(backend)
    if (!keyOf(caller).operator) throw apiError('API_UNAUTHORISED', "this needs a key of the server's operator")
    const all = []
    for (const key of await keys.list()) {
      const { id, name, revoked } = key
      const account = { name, ...(await accounts.of(id)) }
      all.push({ id, revoked, account, allowance: await allowanceOf(backend, key) })
    }
    return { accounts: all }
  },

  async listSealedProofs(backend, { request }, caller) {
    const listed = await deliveriesFor(backend, request, caller)
    return { sealed: listed.map(({ seat, operator, bytes, digest }) => ({ seat, operator, bytes, digest })) }
  },
}

type GivenInputs = Input<(typeof ENDPOINTS)['submitRequest']>['inputs']

/**
 * Stores the files, unless they are stored already, and counts them: whoever cancels what it asked for has stored them all the same. The same files have
 * the same digest, so a retry stores and counts nothing twice.
 */
async function publish(inputs: GivenInputs, backend: Backend, { id: keyId, uploadPerDay }: StoredKey) {
  const { store, kept, uploads } = proxyOf(backend)
  if ('digest' in inputs) {
    await kept.claimInputs(parseDigest(inputs.digest))
    return { digest: parseDigest(inputs.digest), publicInputs: inputs.publicInputs, uri: inputs.uri }
  }
  const { args, files } = decoded(inputs)
  const { digest, manifest } = await buildInputs({ args, files }, new MemoryStore())
  // Two files may be the same content.
  const sizes = new Map(manifest.files.map(({ sha256, size }) => [digestFromHex(sha256), size]))
  sizes.set(digest, encodeManifest(manifest).bytes.length)
  await kept.claim([...sizes.keys()])
  const contents: StoredContent[] = []
  for (const [content, size] of sizes) if (!(await store.has(content))) contents.push({ digest: content, size })
  const reserved = await uploads.reserve({ keyId, contents }, uploadPerDay, backend.client.clock.now())
  try {
    await buildInputs({ args, files }, store)
  } catch (error) {
    await uploads.forget(reserved)
    throw error
  }
  return { digest, publicInputs: keccak256(files[PUBLIC_INPUTS] ?? new Uint8Array()) as Hex, uri: undefined }
}

/** What is known of inputs before they are stored: the files, or the size that a manifest says which was put here before. */
async function knownOf(inputs: GivenInputs, backend: Backend): Promise<InputsSpec | { publicInputsBytes?: number }> {
  if ('files' in inputs) return decoded(inputs)
  const { store } = proxyOf(backend)
  const digest = parseDigest(inputs.digest)
  try {
    if (!(await store.has(digest))) return {}
    const { files } = parseInputsManifest(await store.get(digest, { maxBytes: MAX_INPUTS_MANIFEST_BYTES }))
    const size = files.find(({ name }) => name === PUBLIC_INPUTS)?.size
    return size === undefined ? {} : { publicInputsBytes: size }
  } catch (error) {
    // Whoever needs them will tell.
    if (error instanceof GevulotError) return {}
    throw error
  }
}

function decoded({
  args,
  files,
}: Input<(typeof ENDPOINTS)['publishInputs']> | Extract<GivenInputs, { files: unknown }>) {
  const bytes = Object.entries(files).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const)
  return { args, files: Object.fromEntries(bytes) as Record<string, Buffer> }
}

/** What a key may still do within 24 hours. */
async function allowanceOf(backend: Backend, key: StoredKey) {
  const { name, requestsPerDay, spendPerDay, uploadPerDay } = key
  const { requests, uploads } = proxyOf(backend)
  const now = backend.client.clock.now()
  const used = await requests.usage(key.id, now)
  const left = BigInt(spendPerDay) - used.spent
  return {
    ...{ name, requestsPerDay, requestsLeft: Math.max(0, requestsPerDay - used.requests) },
    ...{ spendPerDay, spendLeft: String(left < 0n ? 0n : left) },
    ...{ uploadPerDay, uploadLeft: Math.max(0, uploadPerDay - (await uploads.usage(key.id, now))) },
  }
}

async function find(backend: Backend, id: string, caller: Pick<Caller, 'key'>): Promise<StoredRequest> {
  const row = await proxyOf(backend).requests.find(keyOf(caller).id, id)
  if (row === undefined) throw apiError('API_NOT_FOUND', `there is no request ${id}`)
  return row
}

/**
 * What provers have left for a request; nothing, where the server has no inbox.
 * @throws GevulotError API_UNAUTHORISED, API_NOT_FOUND
 */
export async function deliveriesFor(backend: Backend, id: string, caller: Pick<Caller, 'key'>) {
  const { workload } = await find(backend, id, caller)
  const { inbox } = proxyOf(backend)
  return workload === null || inbox === undefined ? [] : inbox.list(workload as WorkloadId)
}

/**
 * What submits for others.
 * @throws GevulotError API_NOT_FOUND when nothing does
 */
export function proxyOf({ proxy }: Backend): Proxy {
  if (proxy === undefined) throw apiError('API_NOT_FOUND', 'this server only reads: it submits for nobody')
  return proxy
}

function keyOf({ key }: Pick<Caller, 'key'>): StoredKey {
  if (key === undefined) throw apiError('API_UNAUTHORISED', 'this needs an API key')
  return key
}
