import { isError } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import { DrandBeacon__factory } from '../chain/generated/factories/DrandBeacon__factory.js'
import type { Hex } from '../chain/hex.js'
import { QUICKNET } from './quicknet.js'

/**
 * Whether the beacon at an address takes rounds of quicknet: whether it has the genesis and the period of that network.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function isDrandBeacon({ provider }: Pick<Contracts, 'provider'>, address: Hex): Promise<boolean> {
  const beacon = DrandBeacon__factory.connect(address, provider)
  try {
    const [genesis, period] = await Promise.all([beacon.GENESIS(), beacon.PERIOD()])
    return Number(genesis) === QUICKNET.genesis && Number(period) === QUICKNET.period
  } catch (error) {
    // Another contract reverts, or answers with nothing.
    if (isError(error, 'CALL_EXCEPTION') || isError(error, 'BAD_DATA')) return false
    throw asChainError(error, `looking at the beacon ${address}`)
  }
}
