import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'
import { ApiKeys } from '../../sdk/src/api/server/ApiKeys.js'
import type { KeyLimits } from '../../sdk/src/api/store/KeyLimits.js'
import { startApi, type ApiOptions, type RunningApi } from '../../sdk/src/api/server/startApi.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { TOKEN, type Network } from './network.js'

const PLENTY: KeyLimits = { requestsPerDay: 1_000, spendPerDay: String(1_000n * TOKEN), uploadPerDay: 2 ** 30 }

/** An API server in proxy mode that can be restarted, with its files. */
export class TestApi {
  readonly directory: string
  readonly client: GevulotClient
  readonly keys: ApiKeys
  readonly lines: string[] = []
  #running: RunningApi | undefined
  /** Kept over restarts. */
  #options: Partial<ApiOptions> = {}

  private constructor(directory: string, client: GevulotClient) {
    this.directory = directory
    this.client = client
    this.keys = new ApiKeys(join(directory, 'data/keys'))
  }

  static async start(network: Network, options: Partial<ApiOptions> = {}): Promise<TestApi> {
    const directory = await mkdtemp(join(tmpdir(), 'gevulot-api-'))
    const store = new DirectoryStore(join(directory, 'content'))
    const api = new TestApi(directory, await network.client({ store }))
    await api.start(options)
    return api
  }

  /** Starts it, again if it was stopped. */
  async start(changes: Partial<ApiOptions> = {}): Promise<void> {
    this.#options = { ...this.#options, ...changes }
    const options = this.#options
    const log = jsonLogger({ level: 'info', write: (line) => this.lines.push(line), now: () => Date.now() })
    const rate = { perSecond: 10_000, burst: 10_000 }
    const basis = { client: this.client, directory: join(this.directory, 'data'), log, version: '0.0.0', port: 0, rate }
    this.#running = await startApi({ ...basis, ...options })
  }

  get running(): RunningApi {
    return this.#running!
  }

  get url(): string {
    return this.#running!.url
  }

  /** A client with a new key. */
  async as(limits: Partial<KeyLimits> = {}): Promise<ApiClient & { readonly apiKey: string; readonly keyId: string }> {
    const { id, key } = await this.keys.add('test', { ...PLENTY, ...limits }, Date.now())
    return { ...createApiClient({ url: this.url, apiKey: key }), apiKey: key, keyId: id }
  }

  /** A client of an existing key, of the server as it runs now. */
  again(apiKey: string): ApiClient {
    return createApiClient({ url: this.url, apiKey })
  }

  /** Stops the server; its files stay. */
  async stop(): Promise<void> {
    await this.#running?.stop()
    this.#running = undefined
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.directory, { recursive: true, force: true })
  }
}
