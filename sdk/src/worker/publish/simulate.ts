import type { JsonRpcApiProvider } from 'ethers'
import { asChainError, type Address } from '../../chain/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { TxRequest } from './TxOutcome.js'

// What a call needs on top of the estimate: the state may change between estimate and block.
const GAS_MARGIN_PERCENT = 130n

/**
 * The gas to give a call of `from`, or the decoded reason why it reverts.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function simulate(
  provider: JsonRpcApiProvider,
  from: Address,
  { to, data, key }: Pick<TxRequest, 'to' | 'data' | 'key'>,
): Promise<bigint | GevulotError> {
  try {
    // On the pending block: windows are judged by the time of the block to come, after our own earlier transactions.
    const estimate = BigInt((await provider.send('eth_estimateGas', [{ from, to, data }, 'pending'])) as string)
    return (estimate * GAS_MARGIN_PERCENT) / 100n
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
