import type { Provider } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import { clientError } from '../errors/codes/client.js'

/** What the transactions of one call may cost. */
export interface FeeOptions {
  /**
   * The most that a unit of gas may cost, base fee and tip together, in wei; by default what the signer takes. While the base fee is above it nothing is sent
   * (CHAIN_FEE_ABOVE_CAP), so that no transaction stands in the way of the next ones. Of a call of two transactions the approval may have been sent by then
   * (`details.approved`, token units); it is used when the call is made again.
   */
  readonly maxFeePerGas?: bigint
  /** The most of it that the maker of the block gets, in wei; by default what the endpoint suggests, and never above `maxFeePerGas`. */
  readonly maxPriorityFeePerGas?: bigint
}

/** Both fees of a transaction, as the signer takes them. */
type Fees = Required<FeeOptions>

/** @throws GevulotError CLIENT_PARAMETER_INVALID */
export function checkFees({ maxFeePerGas: cap, maxPriorityFeePerGas: tip }: FeeOptions, doing: string): void {
  const refuse = (why: string): Error => clientError('CLIENT_PARAMETER_INVALID', `${doing}: ${why}`)
  if (cap !== undefined && (typeof cap !== 'bigint' || cap <= 0n))
    throw refuse('maxFeePerGas must be a bigint of wei above 0')
  if (tip !== undefined && (typeof tip !== 'bigint' || tip < 0n))
    throw refuse('maxPriorityFeePerGas must be a bigint of wei, 0 or more')
  if (cap !== undefined && tip !== undefined && tip > cap)
    throw refuse(`maxPriorityFeePerGas ${tip} is above maxFeePerGas ${cap}`)
}

/**
 * The fees of a transaction, if the call has its own; what it leaves out follows from the chain. Nothing otherwise: the signer decides.
 * @throws GevulotError CHAIN_FEE_ABOVE_CAP, CHAIN_UNSUPPORTED where gas has no base fee
 */
export async function feesOf(
  provider: Provider,
  { maxFeePerGas: cap, maxPriorityFeePerGas: tip }: FeeOptions,
  doing: string,
): Promise<Fees | undefined> {
  if (cap === undefined && tip === undefined) return undefined
  const base = (await provider.getBlock('latest'))?.baseFeePerGas ?? undefined
  if (base === undefined)
    throw chainError('CHAIN_UNSUPPORTED', `${doing}: gas has no base fee on this chain, so no call has fees of its own`)
  if (cap !== undefined && cap < base) {
    throw chainError('CHAIN_FEE_ABOVE_CAP', `${doing}: gas costs ${base} wei, above maxFeePerGas ${cap}`, {
      details: { baseFeePerGas: base, maxFeePerGas: cap },
    })
  }
  const suggested = tip ?? (await provider.getFeeData()).maxPriorityFeePerGas ?? 0n
  // Twice the base fee lasts for six full blocks: as the library does it.
  const maxFeePerGas = cap ?? 2n * base + suggested
  return { maxFeePerGas, maxPriorityFeePerGas: suggested < maxFeePerGas ? suggested : maxFeePerGas }
}
