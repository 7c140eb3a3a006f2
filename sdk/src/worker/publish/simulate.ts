import type { JsonRpcApiProvider } from 'ethers'
import { asChainError, type Address } from '../../chain/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { TRANSACTION_LIMITS } from '../../chain/transactionLimits.js'
import type { TxRequest } from './TxOutcome.js'

// What a call is given of its estimate, if it says nothing else: the state may change between estimate and block.
const GAS_MARGIN_PERCENT = 130n

/**
 * The gas to give a call of `from`, or the decoded reason why it reverts. Where a call itself fits, its margin does not take it above what it may have.
 * @param maxGas The most it may have. What needs more is answered as it is.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function simulate(
  provider: JsonRpcApiProvider,
  from: Address,
  request: Pick<TxRequest, 'to' | 'data' | 'key' | 'marginPercent'>,
  maxGas: bigint,
): Promise<bigint | GevulotError> {
  const estimate = await estimateGas(provider, from, request)
  return typeof estimate === 'bigint' ? withMargin(estimate, maxGas, request.marginPercent) : estimate
}

/**
 * The gas that a call of `from` takes now, or the decoded reason why it reverts.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function estimateGas(
  provider: JsonRpcApiProvider,
  from: Address,
  { to, data, key }: Pick<TxRequest, 'to' | 'data' | 'key'>,
): Promise<bigint | GevulotError> {
  try {
    // On the pending block: windows are judged by the time of the block to come, after our own earlier transactions.
    return BigInt((await provider.send('eth_estimateGas', [{ from, to, data }, 'pending'])) as string)
  } catch (error) {
    const known = asChainError(error, `simulating ${key}`)
    if (known instanceof GevulotError && known.code !== 'CHAIN_RPC_UNAVAILABLE') return known
    throw known
  }
}

/** Whether an error of a simulation is the contract's answer. */
export function isRevert(error: GevulotError): boolean {
  return error.code.startsWith('CONTRACT_') || error.code === 'CHAIN_REVERTED'
}

/** An estimate with its margin, as far as `maxGas` leaves room for one. */
export function withMargin(estimate: bigint, maxGas: bigint, percent = GAS_MARGIN_PERCENT): bigint {
  const most = estimate <= TRANSACTION_LIMITS.gas ? least(maxGas, TRANSACTION_LIMITS.gas) : maxGas
  const wanted = least((estimate * percent) / 100n, most)
  return wanted > estimate ? wanted : estimate
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
