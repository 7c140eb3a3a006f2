import type { ContractRunner, Provider, Signer } from 'ethers'
import type { Contracts } from '../chain/connect.js'
import { CONTRACT_ROLES } from '../chain/deployment.js'
import { EndpointProvider } from '../chain/rpc/EndpointProvider.js'
import { needed, type Client, type ClientSettings } from './Client.js'

type Act = (...values: readonly unknown[]) => unknown

/** What reads the chain, and may be broken off. */
const READS: ReadonlySet<string | symbol> = new Set([
  ...['call', 'getBalance', 'getBlock', 'getBlockNumber', 'getCode', 'getLogs', 'getStorage', 'getTransaction'],
  ...['getTransactionCount', 'getTransactionReceipt', 'send'],
])

/** What every action takes beside its own parameters. */
export interface CallOptions {
  /** Ends the call: it rejects at once with the reason of the signal. A transaction already sent is not taken back. */
  readonly signal?: AbortSignal
  /** In place of the client's, for this call alone. */
  readonly settings?: Partial<ClientSettings>
}

/** Clients that are bound to a signal already, and what they were before: an action that calls another one hands its own on. */
const bindings = new WeakMap<
  Client,
  { readonly signal: AbortSignal; readonly free: Pick<Client, 'contracts' | 'signer'> }
>()

/**
 * Runs an action with the options of its call. When the signal is aborted, it rejects at once, whatever it waits for, and what is left of it can neither ask the endpoint
 * nor the signer for anything more.
 * @throws the reason of the signal; whatever `act` throws.
 */
export async function call<Result>(
  client: Client,
  options: CallOptions,
  act: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { signal } = options
  if (signal === undefined || bindings.get(client)?.signal === signal) return act(bind(client, options))
  signal.throwIfAborted()
  return unlessAborted(act(bind(client, options)), signal).catch((error: unknown) => {
    // What broke because of the signal says so in its own words.
    signal.throwIfAborted()
    throw error
  })
}

/** {@link call} for an action that goes on giving things. */
export async function* callEach<Item>(
  client: Client,
  options: CallOptions,
  act: (client: Client) => AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  options.signal?.throwIfAborted()
  try {
    yield* act(bind(client, options))
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error
  }
}

/** A client with the options of a call: with other settings, and without chain and signer once the signal is aborted. */
function bind(client: Client, { signal, settings }: CallOptions): Client {
  const own = settings === undefined ? client : { ...client, settings: { ...client.settings, ...settings } }
  if (signal === undefined || bindings.get(client)?.signal === signal) return inherit(own, client)
  const { contracts, signer } = client
  const bound: Client = {
    ...own,
    contracts: bindContracts(contracts, signal),
    ...(signer && { signer: guarded(signer, signal) }),
  }
  bindings.set(bound, { signal, free: { contracts, ...(signer && { signer }) } })
  return bound
}

/**
 * The signer itself, for what must not be left half done: while a transaction is on its way to the endpoint the next one has to wait for its nonce.
 * @throws GevulotError CLIENT_OPTION_MISSING
 */
export function unboundSigner(client: Client, doing: string): Signer {
  return needed(unbound(client), 'signer', doing)
}

/** The client without the signal of its call, for what must be known although nobody waits for the call any more. */
export function unbound(client: Client): Client {
  return { ...client, ...bindings.get(client)?.free }
}

function inherit(own: Client, client: Client): Client {
  const binding = bindings.get(client)
  if (binding !== undefined) bindings.set(own, binding)
  return own
}

function bindContracts(contracts: Contracts, signal: AbortSignal): Contracts {
  const { runner: given } = contracts
  // Requests that nobody waits for any more are broken off, where the provider can.
  const reading = contracts.provider instanceof EndpointProvider ? contracts.provider.until(signal) : undefined
  const provider = guarded(contracts.provider, signal, reading)
  const runner: ContractRunner = given === contracts.provider ? provider : guarded(given as Signer, signal, reading)
  const bound = { ...contracts, provider, runner }
  for (const name of CONTRACT_ROLES) {
    // Few of them are needed in a call.
    let made: unknown
    Object.defineProperty(bound, name, { enumerable: true, get: () => (made ??= contracts[name].connect(runner)) })
  }
  return bound
}

/**
 * The same object, whose methods do nothing once the signal is aborted, and whose promises reject then.
 * @param reading Reads the chain in its place, if it has such methods.
 */
function guarded<Target extends object>(target: Target, signal: AbortSignal, reading?: Provider): Target {
  const readers = reading === undefined ? {} : 'getAddress' in target ? callsOf(target as Signer & Target, reading) : reading // prettier-ignore
  // A proxy must repeat what the properties of its target hold for ever; an object that only inherits them has none.
  return new Proxy(Object.create(target) as Target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (name === 'provider' && typeof value === 'object' && value !== null) return guarded(value, signal, reading)
      if (typeof value !== 'function') return value
      const [source, act] = READS.has(name) && name in readers ? [readers, Reflect.get(readers, name) as Act] : [target, value as Act] // prettier-ignore
      return (...values: unknown[]): unknown => {
        signal.throwIfAborted()
        const result: unknown = Reflect.apply(act, source, values)
        return result instanceof Promise ? unlessAborted(result, signal) : result
      }
    },
  })
}

/** What a signer reads, in its own name. */
function callsOf(signer: Signer, reading: Provider): Pick<Provider, 'call'> {
  return { call: async (request) => reading.call({ from: await signer.getAddress(), ...request }) }
}

/** Rejects with the reason of the signal as soon as it is aborted, and leaves no listener behind. */
function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
