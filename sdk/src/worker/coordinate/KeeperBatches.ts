import { keccak256, type JsonRpcApiProvider } from 'ethers'
import { asChainError, contractErrorOf, decodeEvent, type Address, type Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import { makePending, type Pending } from '../publish/Pending.js'
import type { RelayReach } from '../publish/RelayReach.js'
import { isRevert, simulate } from '../publish/simulate.js'
import type { TxOutcome, TxRequest } from '../publish/TxOutcome.js'

/** What {@link KeeperBatches} need. */
export interface KeeperBatchesOptions {
  readonly contracts: Contracts
  readonly provider: JsonRpcApiProvider
  readonly operator: Address
  readonly publisher: Pick<Outbox, 'publish' | 'isPending'>
  readonly clock: Clock
  readonly log: Logger
  /** Highest gas limit of a transaction. */
  readonly maxGas: bigint
  /** Knows what relays give. */
  readonly reach: Pick<RelayReach, 'mostTogether'>
}

interface Item {
  readonly pending: Pending
  readonly gas: bigint
}

// Long enough for a round of the coordinator to ask for all it has, too short for a requester to notice.
const COLLECT_MS = 250
const MOST_ITEMS = 32

/**
 * Puts acts of a keeper that come together into one transaction (`tryMany`): each costs about a third less there, and 32 of them take the
 * place of one in a block. No act depends on its neighbours: one that would revert is left out, one that fails in the block fails
 * alone, and a batch that fails as a whole is taken apart.
 */
export class KeeperBatches {
  readonly #options: KeeperBatchesOptions
  /** Acts that have not ended, by key. */
  readonly #acts = new Map<string, Pending>()
  #collecting: Pending[] = []

  constructor(options: KeeperBatchesOptions) {
    this.#options = options
  }

  /** Publishes an act; one of the market goes out together with others that come now. Resolves with how it ended, never rejects. */
  publish(request: TxRequest): Promise<TxOutcome> {
    const { contracts, publisher, clock } = this.#options
    const same = this.#acts.get(request.key)
    if (same !== undefined) return same.outcome
    if (request.to !== contracts.addresses.market || publisher.isPending(request.key)) return publisher.publish(request)
    const pending = makePending(request)
    this.#acts.set(request.key, pending)
    void pending.outcome.then(() => this.#acts.delete(request.key))
    this.#collecting.push(pending)
    if (this.#collecting.length === 1) {
      void clock.sleep(COLLECT_MS).then(() => this.#send(this.#collecting.splice(0)))
    }
    return pending.outcome
  }

  /** Whether an act of this key is waiting or sent. */
  isPending(key: string): boolean {
    return this.#acts.has(key) || this.#options.publisher.isPending(key)
  }

  async #send(acts: readonly Pending[]): Promise<void> {
    try {
      const [first, ...others] = acts
      if (first === undefined) return
      if (others.length === 0) return this.#alone(first)
      const most = await this.#options.reach.mostTogether()
      for (const batch of this.#divide(await this.#simulate(acts), most)) {
        const [item] = batch
        if (batch.length === 1 && item !== undefined) this.#alone(item.pending)
        else void this.#together(batch)
      }
    } catch (error) {
      this.#options.log.warn('acts cannot be put together now', { stage: 'keeper', acts: acts.length, error })
      for (const act of acts) this.#alone(act)
    }
  }

  /** Ends acts that would revert, and returns the others with what they need. */
  async #simulate(acts: readonly Pending[]): Promise<Item[]> {
    const { provider, operator, maxGas } = this.#options
    const results = await Promise.all(
      acts.map(async (pending) => ({ pending, gas: await simulate(provider, operator, pending.request, maxGas) })),
    )
    return results.flatMap(({ pending, gas }) => {
      if (!(gas instanceof GevulotError)) return [{ pending, gas }]
      pending.resolve({ kind: isRevert(gas) ? 'reverted' : 'failed', error: gas })
      return []
    })
  }

  /** As many together as a transaction takes. */
  #divide(items: readonly Item[], gasTogether: bigint): Item[][] {
    // Half is kept for what the batch itself costs, and for its own estimate's margin.
    const most = gasTogether / 2n
    const batches: Item[][] = []
    let gas = 0n
    for (const item of items) {
      const last = batches.at(-1)
      if (last === undefined || last.length === MOST_ITEMS || gas + item.gas > most) {
        batches.push([item])
        gas = item.gas
      } else {
        last.push(item)
        gas += item.gas
      }
    }
    return batches
  }

  async #together(batch: readonly Item[]): Promise<void> {
    const { contracts, publisher } = this.#options
    const requests = batch.map(({ pending }) => pending.request)
    const data = contracts.market.interface.encodeFunctionData('tryMany', [requests.map((request) => request.data)])
    const outcome = await publisher.publish({
      // By what is in it: a batch that an earlier run sent is another one, and must not stand for this.
      key: `batch/${keccak256(data)}`,
      ...{ to: contracts.addresses.market, data, priority: 'keeper' },
      about: { stage: 'keeper', acts: requests.map(({ key }) => key) },
    })
    // Nothing of it has happened, and one of them may be the reason.
    if (outcome.kind === 'reverted') return batch.forEach(({ pending }) => this.#alone(pending))
    const failures = outcome.kind === 'mined' ? await this.#failuresOf(outcome.hash) : new Map<number, GevulotError>()
    batch.forEach(({ pending }, index) => {
      const error = failures.get(index)
      pending.resolve(error === undefined ? outcome : { kind: 'reverted', error })
    })
  }

  /** Which items of a mined batch failed. What cannot be read is found by the next look at the workload. */
  async #failuresOf(hash: string): Promise<ReadonlyMap<number, GevulotError>> {
    const { contracts, log } = this.#options
    const failures = new Map<number, GevulotError>()
    try {
      const receipt = await contracts.provider.getTransactionReceipt(hash)
      for (const entry of receipt?.logs ?? []) {
        if (entry.address !== contracts.addresses.market) continue
        const event = decodeEvent(contracts, entry)
        if (event?.name === 'ItemFailed') failures.set(event.args.index, contractErrorOf(event.args.reason, 'a batch'))
      }
    } catch (error) {
      const known = asChainError(error, 'reading a batch')
      log.debug('the receipt of a batch cannot be read', { stage: 'keeper', hash, error: known })
    }
    return failures
  }

  #alone(pending: Pending): void {
    void this.#options.publisher.publish(pending.request).then((outcome) => pending.resolve(outcome))
  }
}
