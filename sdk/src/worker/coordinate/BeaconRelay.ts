import { fetchRound, isDrandBeacon, publishRoundCall, timeOfRound } from '../../beacon/index.js'
import type { Address, Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import { Pauses } from './Pauses.js'

/** What a {@link BeaconRelay} needs. */
export interface BeaconRelayOptions {
  readonly contracts: Contracts
  readonly publisher: Outbox
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  /** drand HTTP servers; empty: relay nothing. */
  readonly endpoints: readonly string[]
}

/** Brings the drand rounds that workloads wait for onto the chain: fetched from any endpoint, verified here, sent once for all. */
export class BeaconRelay {
  readonly #options: BeaconRelayOptions
  readonly #pauses: Pauses
  readonly #kinds = new Map<Address, boolean>()
  readonly #running = new Map<string, Promise<boolean>>()

  constructor(options: BeaconRelayOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /**
   * Relays a round that is due and not on the chain yet. Calls for a round that is under way join it. Failures are logged and
   * tried again after a pause.
   * @returns Whether the round is on the chain now because of this call.
   */
  async relay(beacon: Address, round: number): Promise<boolean> {
    const { endpoints, time, log } = this.#options
    const key = `beacon/${beacon}/${round}`
    if (endpoints.length === 0 || time.now() < timeOfRound(round) || !this.#pauses.isOver(key)) return false
    const running = this.#running.get(key) ?? this.#publish(key, beacon, round)
    this.#running.set(key, running)
    try {
      const isPublished = await running
      if (isPublished) this.#pauses.end(key)
      return isPublished
    } catch (error) {
      this.#pauses.lengthen(key)
      log.warn('a beacon round could not be relayed', { round, stage: 'beacon', error })
      return false
    } finally {
      this.#running.delete(key)
    }
  }

  async #publish(key: string, beacon: Address, round: number): Promise<boolean> {
    const { contracts, publisher, endpoints } = this.#options
    const isDrand = this.#kinds.get(beacon) ?? (await isDrandBeacon(contracts, beacon))
    this.#kinds.set(beacon, isDrand)
    if (!isDrand) return false
    const call = publishRoundCall(beacon, await fetchRound(round, { endpoints }))
    const outcome = await publisher.publish({ key, ...call, priority: 'keeper', about: { round, stage: 'beacon' } })
    // Somebody else was first, or it will be tried again after a look at the chain.
    if (outcome.kind !== 'mined') this.#pauses.lengthen(key)
    return outcome.kind === 'mined'
  }
}
