import { join } from 'node:path'

import { createApiClient, type ApiClient } from '../../../sdk/src/api/createApiClient.js'
import type { KeyLimits } from '../../../sdk/src/api/store/KeyLimits.js'
import { ProxyRequester, type ProxyRequesterOptions } from '../../../sdk/src/aztec/proxy/ProxyRequester.js'
import { patientFetch } from '../../../sdk/src/aztec/proxy/patientFetch.js'
import { readEvents } from '../../../sdk/src/chain/index.js'
import { systemClock } from '../../../sdk/src/clock.js'
import { HttpStore } from '../../../sdk/src/content/HttpStore.js'
import { generateDeliveryKey } from '../../../sdk/src/crypto/DeliveryKey.js'
import { jsonLogger } from '../../../sdk/src/worker/log/Logger.js'
import { TestApi } from '../api.js'
import { AdapterBench } from './AdapterBench.js'

/** A customer of a proxy: an API key, and what an adapter needs to use it. */
export interface Customer {
  readonly api: ApiClient
  readonly keyId: string
  readonly requester: ProxyRequester
  /** Another requester of the same API key, that has lost the delivery key of the first. */
  withoutKey(): ProxyRequester
}

/** Real contracts, scripted seats, a broker, and a real API server that submits and pays. */
export class ProxyBench {
  readonly bench: AdapterBench
  readonly server: TestApi
  /** What requesters have logged. */
  readonly lines: string[] = []
  readonly #port: number

  private constructor(bench: AdapterBench, server: TestApi) {
    this.bench = bench
    this.server = server
    this.#port = Number(new URL(server.url).port)
  }

  static async start(): Promise<ProxyBench> {
    const bench = await AdapterBench.start()
    return new ProxyBench(bench, await TestApi.start(bench.network, { client: await bench.client({}) }))
  }

  /** A new key, and a requester that uses it. @param around Put around what the requester fetches. */
  async customer(
    limits: Partial<KeyLimits> = {},
    { around = (inner) => inner, ...options }: CustomerOptions = {},
  ): Promise<Customer> {
    const { apiKey, keyId, ...api } = await this.server.as(limits)
    const { url } = this.server
    const requester = (fetch: (inner: typeof globalThis.fetch) => typeof globalThis.fetch) =>
      new ProxyRequester({
        api: createApiClient({ url, apiKey, fetch: fetch(patientFetch(systemClock)) }),
        ...{ clock: systemClock, account: `key ${keyId}`, chainId: this.bench.network.deployment.chainId },
        deliveryKey: generateDeliveryKey(),
        log: jsonLogger({ level: 'info', write: (line) => this.lines.push(line), now: () => Date.now() }),
        source: new HttpStore(`${url}/v1/content/`, { addresses: 'any' }),
        cacheDirectory: join(this.server.directory, 'packages'),
        ...options,
      })
    return { api, keyId, requester: requester(around), withoutKey: () => requester((inner) => inner) }
  }

  /** Stops the server; {@link resume} starts it at the same address. */
  async pause(): Promise<void> {
    await this.server.stop()
  }

  async resume(): Promise<void> {
    await this.server.start({ port: this.#port })
  }

  /** Workloads on the chain, so far. */
  async submitted(): Promise<number> {
    let count = 0
    for await (const _ of readEvents(this.server.client.contracts, { names: ['Submitted'] })) count++
    return count
  }

  async stop(): Promise<void> {
    await this.bench.stopAdapters()
    await this.server.remove()
    await this.bench.stop()
  }
}

type CustomerOptions = Partial<ProxyRequesterOptions> & { readonly around?: (inner: typeof fetch) => typeof fetch }
