import type { ContractTransaction } from 'ethers'
import type { Contracts } from '../chain/connect.js'
import type { Hex } from '../chain/hex.js'
import type { Spec } from '../chain/spec.js'
import { readSeatLists, type SeatLists } from '../chain/workloadSeats.js'
import { clientError } from '../errors/codes/client.js'
import type { Client } from './Client.js'
import { readWorkload, type ReadWorkloadOptions } from './readWorkload.js'
import { send } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link assign}, {@link settle}, {@link clear} and {@link slash}. */
export interface EndWorkloadParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
}

/**
 * Draws the seats of a workload whose beacon round is out. Anyone may; the caller gets the bounty.
 * @throws GevulotError CONTRACT_ROUND_NOT_KNOWN, CONTRACT_WRONG_PHASE, CONTRACT_ASSIGN_WINDOW_OVER, `CHAIN_*`
 */
export function assign(client: Client, params: EndWorkloadParams): Promise<void> {
  return call(client, params, async (client) => {
    await send(client, 'assigning', () => client.contracts.market.assign.populateTransaction(params.workload), params)
  })
}

/**
 * Ends a workload: ranks, pays, burns, refunds. Anyone may; the caller gets the bounty. The seats are listed from the events.
 * @throws GevulotError CONTRACT_TOO_EARLY, CONTRACT_WRONG_PHASE, CONTRACT_CLAIMS_INCOMPLETE, CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function settle(client: Client, params: EndWorkloadParams): Promise<void> {
  return call(client, params, async (client) => {
    const { spec, seats } = await listed(client, params)
    const { market } = client.contracts
    await send(client, 'settling', () => market.settle.populateTransaction(spec, [...seats.settle]), params)
  })
}

/**
 * Frees seats of a finished workload that settling did not list.
 * @throws GevulotError CLIENT_NOTHING_TO_DO, CONTRACT_WRONG_PHASE, CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function clear(client: Client, params: EndWorkloadParams): Promise<void> {
  return call(client, params, async (client) => {
    const { spec, seats } = await listed(client, params)
    await act(client, 'clearing', seats.clear, params, (market, list) => market.clear.populateTransaction(spec, list))
  })
}

/**
 * Slashes the seats that never answered through the silence window. The caller gets the bounties.
 * @throws GevulotError CLIENT_NOTHING_TO_DO, CONTRACT_TOO_EARLY, CONTRACT_NOT_SILENT, CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function slash(client: Client, params: EndWorkloadParams): Promise<void> {
  return call(client, params, async (client) => {
    const { spec, seats } = await listed(client, params)
    await act(client, 'slashing', seats.slash, params, (market, list) => market.slash.populateTransaction(spec, list))
  })
}

async function listed(client: Client, params: EndWorkloadParams): Promise<{ spec: Spec; seats: SeatLists }> {
  const { workload, events } = await readWorkload(client.contracts, params.workload, params)
  return { spec: workload.spec, seats: await readSeatLists(client.contracts, workload.workload, events) }
}

async function act(
  client: Client,
  doing: string,
  seats: readonly number[],
  params: EndWorkloadParams,
  build: (market: Contracts['market'], seats: number[]) => Promise<ContractTransaction>,
): Promise<void> {
  if (seats.length === 0) throw clientError('CLIENT_NOTHING_TO_DO', `${doing}: no seat of the workload is left to list`)
  await send(client, doing, () => build(client.contracts.market, [...seats]), params)
}
