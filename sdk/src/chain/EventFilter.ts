import { toBeHex, zeroPadValue, type Interface } from 'ethers'
import type { Contracts } from './connect.js'
import type { MarketEventArguments, RegistryEventArguments } from './events.js'
import type { Hex } from './hex.js'

/** Which events to read; everything of market and registry by default. */
export interface EventFilter {
  /** Only these events. `Withdrawn` means that of both contracts. */
  readonly names?: readonly (keyof MarketEventArguments | keyof RegistryEventArguments)[]
  /** Only events about this workload. */
  readonly workload?: Hex
  /** Only Submitted events of this account; needs `names: ['Submitted']`. */
  readonly requester?: Hex
  /** Only ProgramDeployed events of this program; needs `names: ['ProgramDeployed']`. */
  readonly program?: Hex
  /** Only events about this seat of {@link workload}, or registry events about it without a workload. */
  readonly seat?: number
}

/** The node's form of a filter. */
export interface LogFilter {
  readonly address: readonly string[]
  readonly topics: (string | string[] | null)[]
}

/** The filter in the form a node understands. */
export function logFilterOf(
  contracts: Pick<Contracts, 'addresses' | 'market' | 'registry'>,
  filter: EventFilter,
): LogFilter {
  const { addresses, market, registry } = contracts
  const names: readonly string[] | undefined = filter.names
  const hashes = (abi: Interface): string[] => (names ?? []).flatMap((name) => abi.getEvent(name)?.topicHash ?? [])
  const seat = filter.seat === undefined ? null : toBeHex(filter.seat, 32)
  const second = filter.requester === undefined ? null : zeroPadValue(filter.requester, 32)
  const first = filter.workload ?? filter.program ?? (filter.requester === undefined ? seat : null)
  return {
    address: filter.workload === undefined ? [addresses.market, addresses.registry] : [addresses.market],
    topics: [
      names === undefined ? null : [...hashes(market.interface), ...hashes(registry.interface)],
      first,
      filter.workload === undefined ? second : seat,
    ],
  }
}
