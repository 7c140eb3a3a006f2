import { join } from 'node:path'
import { getBytes, Wallet } from 'ethers'
import { deploymentOf } from '../chain/deployment.js'
import { readDeploymentRecord } from '../chain/readDeploymentRecord.js'
import { rpcProvider } from '../chain/rpcProvider.js'
import { createClient } from '../client/createClient.js'
import { DirectoryInbox } from '../client/delivery/DirectoryInbox.js'
import { DirectoryStore } from '../content/DirectoryStore.js'
import { HttpStore } from '../content/HttpStore.js'
import { MultiStore } from '../content/MultiStore.js'
import { deriveDeliveryKey } from '../crypto/DeliveryKey.js'
import { openEmbedded } from '../database/openEmbedded.js'
import { aztecError } from '../errors/codes/aztec.js'
import { readPrivateFile } from '../readPrivateFile.js'
import { Closers } from '../worker/Closers.js'
import { lockDirectory } from '../worker/lock.js'
import { HealthServer } from '../worker/observe/HealthServer.js'
import { assertRuntime, workerRuntime } from '../worker/run/workerRuntime.js'
import { serveDaemon, type DaemonParts } from '../worker/serve.js'
import type { Secret } from '../worker/config/Secret.js'
import { AztecAdapter } from './adapter/AztecAdapter.js'
import { BrokerClient } from './broker/BrokerClient.js'
import { loadAztecConfig, type AztecConfig } from './config/AztecConfig.js'
import { openExchange } from './exchange/openExchange.js'
import { AztecMetrics } from './observe/AztecMetrics.js'
import { migrations } from './store/migrations.js'
import type { AztecSchema } from './store/schema.js'

const DAY_MS = 86_400_000

/**
 * Runs the adapter until `stop` aborts or an error ends it.
 * @param configPath Its JSON file; without it the environment alone.
 * @returns The error that ended it, which is in its log; undefined when it stopped as asked.
 * @throws GevulotError WORKER_CONFIG_INVALID, WORKER_KEY_UNSAFE, WORKER_KEY_LOCKED when it could not begin: then there is no log yet.
 */
export async function serveAztec(
  configPath: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  const config = await loadAztecConfig(configPath, environment)
  return serveDaemon('adapter', config, (parts) => run(config, parts, stop))
}

async function run(config: AztecConfig, { clock, log, key }: DaemonParts<Secret>, stop: AbortSignal): Promise<void> {
  const { dataDirectory, observePort: port, observeHost: host, readySeconds, simulated, trust } = config
  const closers = new Closers(log)
  try {
    const lock = await lockDirectory(dataDirectory)
    closers.add(() => lock.release())
    const db = await openEmbedded<AztecSchema>(join(dataDirectory, 'database'), migrations).catch((cause: unknown) => {
      throw aztecError('AZTEC_CONFIG_INVALID', `cannot open the database in ${dataDirectory}`, { cause })
    })
    closers.add(() => db.destroy())
    const metrics = new AztecMetrics(clock)
    const adapter = new AztecAdapter({
      broker: new BrokerClient({ url: config.brokerUrl.reveal(), clock, onAnswer: () => metrics.onBroker() }),
      exchange: openExchange({ store: config.proofStore, clock, region: config.s3Region, ...(await s3Of(config)) }),
      client: await clientOf(config, { clock, log, key }),
      ...{ db, directory: dataDirectory, metrics, log, trust, simulated, lanes: config.lanes },
      budget: { perEpoch: config.budgetPerEpoch, perDay: config.budgetPerDay },
      ...{ slots: config.slots, attempts: config.attempts, windowSeconds: config.windowSeconds },
      ...{ pollMs: config.pollMs, heartbeatMs: config.heartbeatMs, deposit: config.deposit },
      keepMs: config.keepDays * DAY_MS,
    })
    if (port !== 0) {
      const server = new HealthServer({ host, port, metrics, readySeconds, log })
      await server.listen()
      closers.add(() => server.close())
    }
    await adapter.run(stop)
  } finally {
    await closers.close()
  }
}

async function clientOf(config: AztecConfig, { clock, log, key }: DaemonParts<Secret>) {
  const deployment = deploymentOf(await readDeploymentRecord(config.deployment))
  const store = new DirectoryStore(config.contentDirectory)
  // The operator named these hosts, so they may be private ones.
  const others = config.contentUrls.map((url) => new HttpStore(url, { addresses: 'any' }))
  const runtime = config.trust === 'program' ? workerRuntime(config) : undefined
  if (runtime !== undefined) await assertRuntime(runtime, log)
  return createClient({
    ...{ deployment, store, clock },
    signer: new Wallet(key.reveal(), rpcProvider(config.rpcUrl.reveal(), deployment.chainId)),
    source: new MultiStore([store, ...others]),
    ...(runtime && { runtime }),
    ...(config.inbox !== '' && { inbox: new DirectoryInbox(config.inbox, deployment) }),
    // Always the same: results sealed before a restart are opened after it.
    deliveryKey: deriveDeliveryKey(getBytes(hexKey(key.reveal())), 'aztec'),
  })
}

async function s3Of({ proofStore, s3AccessKeyId, s3SecretFile }: AztecConfig) {
  if (!proofStore.startsWith('s3://')) return {}
  if (s3AccessKeyId === '' || s3SecretFile === '') {
    throw aztecError('AZTEC_CONFIG_INVALID', 's3AccessKeyId and s3SecretFile are needed for an S3 store')
  }
  const secret = await readPrivateFile(s3SecretFile, (why, cause) => aztecError('AZTEC_CONFIG_INVALID', why, { cause }))
  return { credentials: { accessKeyId: s3AccessKeyId, secretAccessKey: secret.trim() } }
}

function hexKey(key: string): string {
  return key.startsWith('0x') ? key : `0x${key}`
}
