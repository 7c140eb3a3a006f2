import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { GevulotClient } from '../../client/createClient.js'
import type { DeliveryInbox } from '../../client/delivery/DeliveryInbox.js'
import type { AddressPolicy } from '../../content/addressPolicy.js'
import type { ContentStore } from '../../content/ContentStore.js'
import { apiError } from '../../errors/codes/api.js'
import type { Logger } from '../../worker/log/Logger.js'
import { ChainIndex } from '../chainIndex/ChainIndex.js'
import { IndexStore } from '../chainIndex/IndexStore.js'
import { Accounts } from '../store/Accounts.js'
import { KeptInputs, type InputsLimits } from '../store/KeptInputs.js'
import { RequestStore } from '../store/RequestStore.js'
import type { ApiSchema } from '../store/schema.js'
import { UploadStore } from '../store/UploadStore.js'
import { ApiKeys } from './ApiKeys.js'
import { createApp } from './app.js'
import { CONTENT_LIMITS, type ContentLimits } from './contentAnswer.js'
import { EventHub } from './EventHub.js'
import { ExplorerPage } from './ExplorerPage.js'
import { Figures } from './Figures.js'
import type { Proxy } from './handlers.js'
import { HttpServer } from './HttpServer.js'
import { checkOrigins } from './origins.js'
import { openState } from './openState.js'
import { Places, type PlaceLimits } from './Places.js'
import { PROOF_LIMITS, Proofs, type ProofLimits } from './Proofs.js'
import { RateLimiter } from './RateLimiter.js'
import { Readings } from './Readings.js'
import { Submitter } from './Submitter.js'
import { Courier, DELAYS } from '../webhooks/Courier.js'
import { WebhookStore } from '../webhooks/WebhookStore.js'

/** Options of {@link startApi}. */
export interface ApiOptions {
  /** What it speaks to the chain with; in proxy mode with a signer and a store. */
  readonly client: GevulotClient
  /** Keys, the index of the chain, and in proxy mode the requests. */
  readonly directory: string
  /** Postgres server that keeps all but the keys, `postgres://user:password@host/database`; none: a database in the directory. */
  readonly databaseUrl?: string
  readonly log: Logger
  /** The version it shows. */
  readonly version: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 8546; 0 for any free one. */
  readonly port?: number
  /** Submits on behalf of API keys; default: if the client has a signer. */
  readonly proxy?: boolean
  /** In proxy mode: pays what the balance in the market lacks from the account's tokens; default true. */
  readonly deposit?: boolean
  /** Base address at which provers reach this server's `/v1/content/`; none: they share the store. */
  readonly contentUri?: string
  /** In proxy mode: where provers leave sealed results; default: the client's. */
  readonly inbox?: DeliveryInbox
  /** In proxy mode: how much is taken without a key, and for how long it is kept. */
  readonly inputs?: InputsLimits
  /** Serves the explorer too, where it was built; default true. */
  readonly explorer?: boolean
  /** Origins whose pages may call the API, like `https://app.example.org`; `*` for any; none by default. */
  readonly origins?: readonly string[]
  /** Where webhooks may go: `public` (the default) only to public addresses and by TLS, `any` for receivers on the server's own network. */
  readonly webhookAddresses?: AddressPolicy
  /** Blocks that lie above what webhooks tell of the chain; default 3. */
  readonly webhookDepth?: number
  /** Milliseconds before each further attempt of a webhook; by default nine attempts in two days and a half. */
  readonly webhookDelays?: readonly number[]
  /** Whether it is reached through a server of its operator's alone, which names each caller's address; default false. */
  readonly behindProxy?: boolean
  /** Requests a second of one key or address in the long run, and at once; defaults 20 and 100. */
  readonly rate?: { readonly perSecond: number; readonly burst: number }
  /** Seconds without a new block after which `/ready` says no; default 120. */
  readonly readySeconds?: number
  /** Streams of events that may be open at once; default 2,000 in all, 1,500 without a key, 64 of an address, 256 of a key. */
  readonly streams?: Partial<PlaceLimits>
  /** Downloads of content that may go on at once, by default 512 in all, 384 without a key, 64 of an address, 128 of a key; and how slowly. */
  readonly downloads?: Partial<PlaceLimits & ContentLimits>
  /** How much of the server is there for answers with proofs. */
  readonly proofs?: Partial<ProofLimits>
}

/** A running API server. */
export interface RunningApi {
  /** For example http://127.0.0.1:8546. */
  readonly url: string
  /** Resolves with the error when a part of it breaks. */
  readonly failure: Promise<Error>
  /** Takes no more requests, ends what is open, and waits. */
  stop(): Promise<void>
}

/** A package with an interpreter has more than a hundred megabytes; it is read as it is sent. */
const MAX_CONTENT_BYTES = 2 ** 30

const STREAMS: PlaceLimits = { all: 2_000, withoutKey: 1_500, ofAddress: 64, ofKey: 256 }
/** Those who wait for one count, too. */
const PROOF_PLACES: PlaceLimits = { all: 128, withoutKey: 96, ofAddress: 16, ofKey: 32 }
/** The provers of an operator may have one address together. */
const CONTENT_PLACES: PlaceLimits = { all: 512, withoutKey: 384, ofAddress: 64, ofKey: 128 }

/**
 * Starts an API server: the network over HTTP, and in proxy mode requests on behalf of API keys.
 * @throws GevulotError API_CONFIG_INVALID; API_STOPPED when its database is another server's before it has begun
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { client, directory, log, host = '127.0.0.1' } = options
  const stopping = new AbortController()
  // Each answer that goes on listens to it.
  setMaxListeners(0, stopping.signal)
  const closers: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    stopping.abort(new Error('the server stops'))
    for (const close of closers.splice(0).reverse()) await close()
  }
  let fail: (error: Error) => void = () => undefined
  const failure = new Promise<Error>((resolve) => (fail = resolve))
  const run = (part: (signal: AbortSignal) => Promise<void>): void => {
    const running = part(stopping.signal).catch((error: unknown) => {
      log.error('the server broke', { stage: 'serve', error })
      fail(error instanceof Error ? error : new Error(String(error)))
    })
    closers.push(() => running)
  }
  try {
    checkProxy(options)
    checkOrigins(options.origins ?? [])
    const { contracts, clock } = client
    const { db, lost } = await openState({ directory, databaseUrl: options.databaseUrl, contracts, clock }, closers)
    const isAnothers = (): Error =>
      apiError('API_STOPPED', 'another server may use the database now', { cause: lost?.reason })
    // The connection that holds the lock may have broken while another one made the tables.
    if (lost?.aborted === true) throw isAnothers()
    lost?.addEventListener('abort', () => {
      if (!stopping.signal.aborted) fail(isAnothers())
    })
    const keys = new ApiKeys(join(directory, 'keys'))
    const proxy = openProxy(options, db, keys)
    const hub = new EventHub({ contracts, clock })
    const index = new ChainIndex({
      ...{ contracts, clock, log, pollMs: client.settings.pollMs, store: new IndexStore(db) },
      onResume: (block) => {
        figures.moved()
        hub.resume(block)
      },
      onBatch: (batch) => {
        figures.moved()
        readings.forget(batch)
        hub.publish(batch)
        if (batch.kind === 'events' && batch.events.length > 0) courier?.wake()
      },
    })
    const figures = new Figures(client, db)
    const readings = new Readings({ client, index, figures })
    const proofLimits = { ...PROOF_LIMITS, ...options.proofs }
    const proofs = new Proofs({ client, readings, limits: proofLimits, stop: stopping.signal })
    const courier = proxy && openCourier(options, proxy, keys)
    run((signal) => index.run(signal))
    if (proxy !== undefined) run((signal) => proxy.submitter.run(signal))
    if (proxy !== undefined) run((signal) => proxy.kept.run(signal))
    if (courier !== undefined) run((signal) => courier.run(signal))
    const { perSecond, burst } = options.rate ?? { perSecond: 20, burst: 100 }
    const app = createApp({
      ...{
        backend: { client, proxy, index, figures, readings },
        hub,
        log,
        version: options.version,
        origins: options.origins ?? [],
      },
      keys,
      behindProxy: options.behindProxy ?? false,
      readyMs: (options.readySeconds ?? 120) * 1_000,
      limiter: new RateLimiter(perSecond, burst),
      streamPlaces: new Places('streams of events', { ...STREAMS, ...options.streams }),
      ...{ proofs, proofPlaces: new Places('proofs', PROOF_PLACES), proofSendMs: proofLimits.sendMs },
      page: options.explorer === false ? undefined : await ExplorerPage.load(),
      contentPlaces: new Places('downloads of content', { ...CONTENT_PLACES, ...options.downloads }),
      contentLimits: { ...CONTENT_LIMITS, ...options.downloads },
      ...{ content: proxy?.store, maxContentBytes: MAX_CONTENT_BYTES, stop: stopping.signal },
    })
    const server = await HttpServer.listen(app.fetch, host, options.port ?? 8546).catch((cause: unknown) => {
      throw apiError('API_CONFIG_INVALID', `cannot listen at ${host}:${options.port ?? 8546}`, { cause })
    })
    closers.push(() => server.close())
    return { url: server.url, failure, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function wantsProxy({ client, proxy }: ApiOptions): boolean {
  return proxy ?? client.signer !== undefined
}

function checkProxy(options: ApiOptions): void {
  const { signer, store } = options.client
  if (wantsProxy(options) && (signer === undefined || store === undefined)) {
    throw apiError('API_CONFIG_INVALID', 'proxy mode needs a key and a store that can be written')
  }
}

function openProxy(options: ApiOptions, db: Kysely<ApiSchema>, keys: ApiKeys): Proxy | undefined {
  const { client, log, contentUri = '' } = options
  const store: ContentStore | undefined = client.store
  if (!wantsProxy(options) || store === undefined) return undefined
  const requests = new RequestStore(db)
  const submitter = new Submitter({ client, requests, keys, log, deposit: options.deposit ?? true })
  const webhooks = new WebhookStore(db)
  const kept = new KeptInputs({ ...options.inputs, db, store, clock: client.clock, log })
  const [uploads, accounts] = [new UploadStore(db), new Accounts(db, client.clock)]
  return {
    ...{ keys, requests, uploads, accounts, submitter, store, kept, contentUri, webhooks },
    inbox: options.inbox ?? client.inbox,
    addresses: options.webhookAddresses ?? 'public',
  }
}

function openCourier(options: ApiOptions, { webhooks, addresses }: Proxy, keys: ApiKeys): Courier {
  const { log, webhookDepth: depth = 3, webhookDelays: delays = DELAYS } = options
  return new Courier({ webhooks, keys, clock: options.client.clock, log, addresses, depth, delays })
}
