import { asChainError, type Contracts } from '../../chain/index.js'
import type { TxSigner } from '../publish/TxSigner.js'

/**
 * Until when the key can act for its operator, Unix time; 0: it was never named, or taken back.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function submitterTerm(
  { relay }: Pick<Contracts, 'relay'>,
  { address: key, operator }: Pick<TxSigner, 'address' | 'operator'>,
): Promise<number> {
  try {
    return Number(await relay.submitterUntil(operator, key))
  } catch (error) {
    throw asChainError(error, 'asking whether the key is a submitter key')
  }
}
