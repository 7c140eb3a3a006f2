import { JsonRpcProvider, type Network } from 'ethers'

/** Asks through another provider. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** What one call of the SDK reads the chain with: the provider of all, told whose question each is. */
export class CallProvider extends JsonRpcProvider {
  readonly #ask: Ask

  constructor(network: Network, ask: Ask) {
    super(undefined, network, { staticNetwork: network, cacheTimeout: -1 })
    this.#ask = ask
  }

  override send(method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> {
    return this.#ask(method, params as unknown[])
  }
}
