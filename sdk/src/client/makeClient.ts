import type { Provider, Signer } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { connect } from '../chain/connect.js'
import type { Deployment } from '../chain/deployment.js'
import { toAddress } from '../chain/hex.js'
import { systemClock, type Clock } from '../clock.js'
import { clientError } from '../errors/codes/client.js'
import { DEFAULT_SETTINGS, type Client, type ClientSettings } from './Client.js'

/** What a client is made of. */
export interface ClientOptions
  extends Partial<ClientSettings>, Partial<Pick<Client, 'store' | 'source' | 'inbox' | 'deliveryKey' | 'runtime'>> {
  /** See `readDeploymentRecord` and `deploymentOf`. */
  readonly deployment: Deployment
  /** Connected to a provider; for a client that only reads, give `provider` instead. */
  readonly signer?: Signer
  readonly provider?: Provider
  readonly clock?: Clock
}

/** Actions as methods: without their first parameter, the client. */
export type Bound<Actions> = {
  readonly [Name in keyof Actions]: Actions[Name] extends (client: Client, ...rest: infer Params) => infer Result
    ? (...rest: Params) => Result
    : never
}

/**
 * Connects to a deployment and makes a client for it, with these actions as methods.
 * @throws GevulotError CHAIN_WRONG, CHAIN_CONTRACT_MISSING, CHAIN_NOT_SYNCED, CHAIN_CONTRACT_DIFFERENT, CHAIN_RPC_UNAVAILABLE,
 * CHAIN_SIGNER_MISSING, CLIENT_OPTION_MISSING
 */
export async function makeClient<
  Actions extends Readonly<Record<string, (client: Client, ...params: never[]) => unknown>>,
>(options: ClientOptions, actions: Actions): Promise<Client & Bound<Actions>> {
  const { deployment, signer, provider, clock, store, source, inbox, deliveryKey, runtime, ...settings } = options
  const runner = signer ?? provider
  if (runner === undefined) throw clientError('CLIENT_OPTION_MISSING', 'a client needs a signer or a provider')
  const client: Client = {
    contracts: await connect(deployment, runner),
    ...(signer && { signer, account: await addressOf(signer) }),
    ...(store && { store }),
    ...(source && { source }),
    ...(inbox && { inbox }),
    ...(deliveryKey && { deliveryKey }),
    ...(runtime && { runtime }),
    clock: clock ?? systemClock,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    queue: { tail: Promise.resolve() },
    submissions: { tail: Promise.resolve() },
    payments: { tail: Promise.resolve() },
  }
  const bound = Object.entries(actions).map(([name, action]) => [
    name,
    (...params: never[]) => action(client, ...params),
  ])
  return { ...client, ...(Object.fromEntries(bound) as Bound<Actions>) }
}

async function addressOf(signer: Signer) {
  try {
    return toAddress(await signer.getAddress())
  } catch (error) {
    throw asChainError(error, "reading the signer's account")
  }
}
