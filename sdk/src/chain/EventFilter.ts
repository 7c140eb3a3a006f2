import { toBeHex, zeroPadValue, type Interface } from 'ethers'
import type { Contracts } from './connect.js'
import type {
  CommitteeEventArguments,
  MarketEventArguments,
  RegistryEventArguments,
  RewardsEventArguments,
} from './events.js'
import type { Hex } from './hex.js'

/** Which events to read; everything of market, registry and committee by default. */
export interface EventFilter {
  /** Only these events. `Withdrawn` means that of both contracts. */
  readonly names?: readonly (
    | keyof MarketEventArguments
    | keyof RegistryEventArguments
    | keyof CommitteeEventArguments
    | keyof RewardsEventArguments
  )[]
  /** Only events about this workload. */
  readonly workload?: Hex
  /** Only Submitted events of this account; needs `names: ['Submitted']`. */
  readonly requester?: Hex
  /** Only ProgramDeployed events of this program; needs `names: ['ProgramDeployed']`. */
  readonly program?: Hex
  /** Only the market's events about this seat of {@link workload}, or registry events about it without a workload. Of several: about any of them. */
  readonly seat?: number | readonly number[]
  /** Also the events of network rewards; not by default. */
  readonly rewards?: boolean
}

/** The node's form of a filter. */
export interface LogFilter {
  readonly address: readonly string[]
  readonly topics: (string | string[] | null)[]
}

/** The filter in the form a node understands. */
export function logFilterOf(
  contracts: Pick<Contracts, 'addresses' | 'market' | 'registry' | 'committee' | 'rewards'>,
  filter: EventFilter,
): LogFilter {
  const { addresses, market, registry, committee, rewards } = contracts
  const names: readonly string[] | undefined = filter.names
  const hashes = (abi: Interface): string[] => (names ?? []).flatMap((name) => abi.getEvent(name)?.topicHash ?? [])
  const seat = filter.seat === undefined ? null : [filter.seat].flat().map((seat) => toBeHex(seat, 32))
  const second = filter.requester === undefined ? null : zeroPadValue(filter.requester, 32)
  const first = filter.workload ?? filter.program ?? (filter.requester === undefined ? seat : null)
  return {
    address: [
      addresses.market,
      ...(filter.workload === undefined ? [addresses.registry] : []),
      ...(filter.seat === undefined ? [addresses.committee] : []),
      ...(filter.rewards === true ? [addresses.rewards] : []),
    ],
    topics: [
      names === undefined
        ? null
        : [market, registry, committee, rewards].flatMap((contract) => hashes(contract.interface)),
      first,
      filter.workload === undefined ? second : seat,
    ],
  }
}
