import { isAct, toAddress, type Address, type Contracts, type Hex } from '../../chain/index.js'
import type { Outbox } from './Outbox.js'
import type { TxOutcome, TxRequest } from './TxOutcome.js'

/**
 * The outbox of a submitter key: acts of seats and keepers go through the relay contract, which makes them for the operator that named the key
 * (`act`, `actMany`). What anybody may do (rounds of randomness, records of rewards, committees) goes out as the key's own.
 */
export class SubmitterOutbox implements Outbox {
  readonly #outbox: Outbox
  readonly #contracts: Contracts
  readonly #operator: Address

  constructor(outbox: Outbox, contracts: Contracts, operator: Address) {
    this.#outbox = outbox
    this.#contracts = contracts
    this.#operator = operator
  }

  publish(request: TxRequest): Promise<TxOutcome> {
    return this.#outbox.publish(this.#forOperator(request))
  }

  isPending(key: string): boolean {
    return this.#outbox.isPending(key)
  }

  pendingKeys(): readonly string[] {
    return this.#outbox.pendingKeys()
  }

  recover(): Promise<void> {
    return this.#outbox.recover()
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#outbox.run(signal)
  }

  #forOperator(request: TxRequest): TxRequest {
    const { addresses, market, relay } = this.#contracts
    const target = toAddress(request.to)
    const call = { target, data: request.data as Hex }
    // A committee takes its acts from anybody, and the relay contract makes none there.
    if (target === addresses.committee || !isAct(this.#contracts, call)) return request
    const batch = market.interface.getFunction('tryMany').selector
    const data =
      target === addresses.market && request.data.startsWith(batch)
        ? relay.interface.encodeFunctionData('actMany', [
            this.#operator,
            (market.interface.decodeFunctionData('tryMany', request.data) as unknown as readonly [string[]])[0],
          ])
        : relay.interface.encodeFunctionData('act', [this.#operator, target, request.data])
    return { ...request, to: addresses.relay, data }
  }
}
