import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keccak256, randomBytes, Wallet } from 'ethers'
import { root } from '../../scripts/lib/artifacts.js'
import { startApi, type RunningApi } from '../../sdk/src/api/server/startApi.js'
import { deploymentOf } from '../../sdk/src/chain/deployment.js'
import { readDeploymentRecord } from '../../sdk/src/chain/readDeploymentRecord.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/createClient.js'
import { buildInputs } from '../../sdk/src/content/buildInputs.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { startDevnet, type Devnet } from '../../sdk/src/devnet/index.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { TOKEN } from './network.js'
import { removeDirectory } from './removeDirectory.js'

/** A local network with two provers, a requester with money, and the server that serves the explorer. */
export class ExplorerBench {
  readonly devnet: Devnet
  readonly client: GevulotClient
  readonly api: RunningApi
  readonly #directory: string
  readonly #store: DirectoryStore

  private constructor(
    directory: string,
    devnet: Devnet,
    client: GevulotClient,
    store: DirectoryStore,
    api: RunningApi,
  ) {
    this.#directory = directory
    this.devnet = devnet
    this.client = client
    this.#store = store
    this.api = api
  }

  /** @param options `proxy`: the server takes inputs too. */
  static async start({ proxy = false } = {}): Promise<ExplorerBench> {
    const directory = await mkdtemp(join(tmpdir(), 'gevulot-explorer-'))
    const devnet = await startDevnet({ directory: join(directory, 'net'), port: 0, provers: 2, project: root })
    const { info } = devnet
    const key = (await readFile(info.requester.keyFile, 'utf8')).trim()
    const signer = new Wallet(key, rpcProvider(info.rpcUrl, info.chainId))
    const store = new DirectoryStore(info.store)
    const deployment = deploymentOf(await readDeploymentRecord(info.deployment))
    const client = await createClient({ deployment, signer, store, pollMs: 200 })
    await client.deposit({ amount: 100n * TOKEN })
    const log = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
    const rate = { perSecond: 1_000, burst: 1_000 }
    const api = await startApi({
      client,
      directory: join(directory, 'api'),
      log,
      version: '0',
      port: 0,
      proxy,
      rate,
    })
    return new ExplorerBench(directory, devnet, client, store, api)
  }

  /** Asks for a proof over random words; answers the workload. */
  async submit(inputsUri = ''): Promise<`0x${string}`> {
    const { program } = this.devnet.info
    const publicInputs = randomBytes(32)
    const { digest } = await buildInputs({ args: [], files: { public_inputs: publicInputs } }, this.#store)
    const { minimumFee: fee } = await this.client.quote({ program, maxRunTime: 120 })
    const inputs = { digest, publicInputs: keccak256(publicInputs) as `0x${string}` }
    return (await this.client.submit({ program, inputs, fee, maxRunTime: 120, inputsUri })).workload
  }

  async stop(): Promise<void> {
    await this.api.stop()
    await this.devnet.stop()
    await removeDirectory(this.#directory)
  }
}
