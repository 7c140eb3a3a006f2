import { join } from 'node:path'
import { getBytes, Wallet } from 'ethers'
import { createApiClient } from '../../api/createApiClient.js'
import { deploymentOf } from '../../chain/deployment.js'
import { readDeploymentRecord } from '../../chain/readDeploymentRecord.js'
import { rpcProvider } from '../../chain/rpcProvider.js'
import { createClient } from '../../client/createClient.js'
import { DirectoryInbox } from '../../client/delivery/DirectoryInbox.js'
import type { Clock } from '../../clock.js'
import type { ContentSource } from '../../content/ContentStore.js'
import { DirectoryStore } from '../../content/DirectoryStore.js'
import { MultiStore } from '../../content/MultiStore.js'
import { openPlace } from '../../content/openPlace.js'
import { PackageCache } from '../../content/PackageCache.js'
import { deriveDeliveryKey } from '../../crypto/DeliveryKey.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { readPrivateFile } from '../../readPrivateFile.js'
import type { Runtime } from '../../runtime/Runtime.js'
import { endpointLog } from '../../worker/chain/openProvider.js'
import { Secret } from '../../worker/config/Secret.js'
import { AccountWallet } from '../../worker/key/AccountWallet.js'
import type { AccountSigner } from '../../worker/key/AccountSigner.js'
import { assertRuntime, workerRuntime } from '../../worker/run/workerRuntime.js'
import type { DaemonParts } from '../../worker/serve.js'
import type { Requester } from '../network/Requester.js'
import { WalletRequester } from '../network/WalletRequester.js'
import { patientFetch } from '../proxy/patientFetch.js'
import { ProxyRequester } from '../proxy/ProxyRequester.js'
import type { AztecConfig } from './AztecConfig.js'
import { ownDeliveryKey } from './ownDeliveryKey.js'
import { s3Of } from './s3Of.js'

const API_KEY = /^gvk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/

/**
 * Reads the API key of a configuration.
 * @throws GevulotError AZTEC_CONFIG_INVALID
 */
export async function readApiKey(path: string): Promise<Secret> {
  const text = await readPrivateFile(path, 'apiKeyFile (GEVULOT_AZTEC_API_KEY_FILE)', (why, cause) =>
    aztecError('AZTEC_CONFIG_INVALID', why, { cause }),
  )
  // The message says nothing of what was found: it could be most of a key.
  if (!API_KEY.test(text)) throw aztecError('AZTEC_CONFIG_INVALID', `${path} does not hold an API key (gvk_…)`)
  return new Secret(text)
}

/** Pays by the API server of a configuration. */
export async function openProxyRequester(
  config: AztecConfig,
  { clock, log, key }: DaemonParts<Secret>,
): Promise<Requester> {
  const { apiUrl, dataDirectory, contentDirectory } = config
  const workDirectory = join(dataDirectory, 'work')
  const api = createApiClient({ url: apiUrl, apiKey: key.reveal(), fetch: patientFetch(clock) })
  const { chainId, proxy } = await api.getNetwork({})
  if (!proxy) throw aztecError('AZTEC_CONFIG_INVALID', `the server at ${apiUrl} only reads: it submits for nobody`)
  const runtime = await runtimeOf(config, log)
  const local = contentDirectory === '' ? undefined : new DirectoryStore(contentDirectory)
  const others = await storesOf(config, [`${apiUrl.replace(/\/$/, '')}/v1/content/`, ...config.contentUrls])
  return new ProxyRequester({
    ...{ api, clock, log, chainId, account: `key ${API_KEY.exec(key.reveal())?.[1] ?? ''}` },
    deliveryKey: await ownDeliveryKey(dataDirectory),
    source: new MultiStore([...(local === undefined ? [] : [local]), ...others], { workDirectory }),
    ...{ cacheDirectory: await packagesOf(config, clock), workDirectory },
    ...(local && { local }),
    ...(runtime && { runtime }),
  })
}

/** Pays with the account of a configuration. */
export async function openWalletRequester(
  config: AztecConfig,
  { clock, log, key }: DaemonParts<Secret | AccountSigner>,
): Promise<Requester> {
  const { dataDirectory, contentDirectory, contentUrls, deposit } = config
  const workDirectory = join(dataDirectory, 'work')
  const deployment = deploymentOf(await readDeploymentRecord(config.deployment))
  const store = new DirectoryStore(contentDirectory, { isPublic: true })
  const others = await storesOf(config, contentUrls)
  const runtime = await runtimeOf(config, log)
  const provider = rpcProvider(
    [config.rpcUrl, ...config.rpcFallbacks].map((place) => place.reveal()),
    deployment.chainId,
  )
  provider.onEvent = endpointLog(log)
  await provider.assertChain()
  const client = await createClient({
    ...{ deployment, store, clock },
    signer: key instanceof Secret ? new Wallet(key.reveal(), provider) : new AccountWallet(key, provider),
    source: new MultiStore([store, ...others], { workDirectory }),
    ...(runtime && { runtime }),
    ...(config.inbox !== '' && { inbox: new DirectoryInbox(config.inbox, deployment) }),
    // Always the same: results sealed before a restart are opened after it.
    deliveryKey:
      key instanceof Secret ? deriveDeliveryKey(getBytes(key.reveal()), 'aztec') : await ownDeliveryKey(dataDirectory),
  })
  return new WalletRequester({ client, log, deposit, cacheDirectory: await packagesOf(config, clock), workDirectory })
}

/** The verifier packages that are kept, of a data directory that its caller has locked. */
function packagesOf({ dataDirectory, cacheMiB }: AztecConfig, clock: Clock): Promise<PackageCache> {
  return PackageCache.open({ directory: join(dataDirectory, 'packages'), maxBytes: cacheMiB * 2 ** 20, clock })
}

async function storesOf(config: AztecConfig, places: readonly string[]): Promise<ContentSource[]> {
  const options = { ipfsGateways: config.ipfsGateways, s3: await s3Of(config) }
  return places.map((place) => openPlace(place, options))
}

async function runtimeOf(config: AztecConfig, log: DaemonParts['log']): Promise<Runtime | undefined> {
  if (config.trust !== 'program') return undefined
  const runtime = await workerRuntime(config)
  await assertRuntime(runtime, log)
  return runtime
}
