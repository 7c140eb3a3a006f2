import { asChainError } from '../chain/asChainError.js'
import { EPOCH_MARGIN_PERCENT } from '../chain/epochMargin.js'
import { toAddress, type Hex, type WorkloadId } from '../chain/hex.js'
import { readEvents } from '../chain/readEvents.js'
import { readReceipt, type Receipt } from '../chain/receipts.js'
import { specOf, type Spec } from '../chain/spec.js'
import { clientError } from '../errors/codes/client.js'
import { needed, type Client } from './Client.js'
import { send, type SendOptions } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link getRewards}. */
export interface GetRewardsParams extends CallOptions {
  /** Default: the client's own account. */
  readonly operator?: Hex
}

/** Network rewards of an operator, token units. */
export interface NetworkRewards {
  /** From ended epochs: what {@link claimRewards} moves into the balance. */
  readonly due: bigint
  /** Points of the epoch that runs: the most it can give. */
  readonly pending: bigint
}

/** Parameters of {@link recordRewards}. */
export interface RecordRewardsParams extends SendOptions {
  /** Proven workloads; those recorded before are left out. */
  readonly workloads: readonly Hex[]
}

/** Parameters of {@link claimRewards}. */
export interface ClaimRewardsParams extends SendOptions {
  /** Default: the client's own account. */
  readonly operators?: readonly Hex[]
}

/**
 * What an operator has coming from the network's pool.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CLIENT_OPTION_MISSING
 */
export function getRewards(client: Client, params: GetRewardsParams = {}): Promise<NetworkRewards> {
  return call(client, params, async (client) => {
    const operator = params.operator ?? needed(client, 'account', 'reading rewards')
    try {
      const { due, pending } = await client.contracts.rewards.rewardsOf(toAddress(operator))
      return { due, pending }
    } catch (error) {
      throw asChainError(error, `reading the rewards of ${operator}`)
    }
  })
}

/**
 * Proven workloads in which an operator has a rank and that nobody has recorded for network rewards yet, oldest first.
 * @throws GevulotError `CHAIN_*`, CLIENT_OPTION_MISSING
 */
export function findUnrecorded(client: Client, params: GetRewardsParams = {}): Promise<WorkloadId[]> {
  return call(client, params, async (client) => {
    const { contracts } = client
    const operator = params.operator ?? needed(client, 'account', 'reading rewards')
    const options = params.signal && { signal: params.signal }
    const own = new Set<number>()
    const specs = new Map<WorkloadId, Spec>()
    const ranked = new Set<WorkloadId>()
    // What no committee judged is paid by rank too, but was not proven.
    const proven = new Set<WorkloadId>()
    const names = ['Staked', 'Submitted', 'SlotSettled', 'Finished'] as const
    for await (const { name, args } of readEvents(contracts, { names, ...options })) {
      if (name === 'Staked' && args.operator === toAddress(operator)) own.add(args.seat)
      if (name === 'Submitted') specs.set(args.workload, specOf(args))
      if (name === 'SlotSettled' && args.rank !== 0 && own.has(args.seat)) ranked.add(args.workload)
      if (name === 'Finished' && args.outcome === 'Proven') proven.add(args.workload)
    }
    const found: WorkloadId[] = []
    for (const workload of ranked) {
      params.signal?.throwIfAborted()
      const spec = specs.get(workload)
      if (spec === undefined || !proven.has(workload)) continue
      if (!(await isRecorded(client, { spec }))) found.push(workload)
    }
    return found
  })
}

/**
 * Shows the receipts of proven workloads, so that their ranks earn network rewards. Anyone may.
 * @returns How many were recorded by this call.
 * @throws GevulotError CLIENT_NOTHING_TO_DO if all were recorded before or none was proven, CONTRACT_NOTHING_RECORDED, `CHAIN_*`
 */
export function recordRewards(client: Client, params: RecordRewardsParams): Promise<number> {
  return call(client, params, async (client) => {
    const { contracts } = client
    const receipts: Receipt[] = []
    for (const workload of params.workloads) {
      params.signal?.throwIfAborted()
      const receipt = await readReceipt(contracts, workload)
      if (receipt !== undefined && !(await isRecorded(client, receipt))) receipts.push(receipt)
    }
    if (receipts.length === 0) {
      throw clientError('CLIENT_NOTHING_TO_DO', 'recording rewards: no workload is proven and not recorded yet')
    }
    const calls = receipts.map((receipt) => ({ ...receipt, entries: [...receipt.entries] }))
    const build = () => contracts.rewards.record.populateTransaction(calls)
    await send(client, 'recording rewards', build, { ...params, marginPercent: EPOCH_MARGIN_PERCENT })
    return receipts.length
  })
}

/**
 * Moves rewards of ended epochs into the operators' balances in the market. Anyone may.
 * @throws GevulotError CONTRACT_NOTHING_TO_CLAIM, `CHAIN_*`, CLIENT_OPTION_MISSING
 */
export function claimRewards(client: Client, params: ClaimRewardsParams = {}): Promise<void> {
  return call(client, params, async (client) => {
    const operators = params.operators ?? [needed(client, 'account', 'claiming rewards')]
    const { rewards } = client.contracts
    const build = () => rewards.claim.populateTransaction([...operators])
    await send(client, 'claiming rewards', build, { ...params, marginPercent: EPOCH_MARGIN_PERCENT })
  })
}

async function isRecorded({ contracts }: Client, { spec }: Pick<Receipt, 'spec'>): Promise<boolean> {
  try {
    return await contracts.rewards.isRecorded(spec)
  } catch (error) {
    throw asChainError(error, 'asking whether a workload was recorded')
  }
}
