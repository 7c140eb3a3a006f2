import type { HDNodeWallet } from 'ethers'

import type { Contracts } from '../../sdk/src/chain/index.js'
import type { LocalChain } from './LocalChain.js'
import { BOND } from './qualification.js'

/** Gives an operator what it needs to stake seats. */
export async function equip(
  chain: LocalChain,
  { token, registry }: Contracts,
  wallet: HDNodeWallet,
  seats = 1,
): Promise<void> {
  await chain.fund(wallet.address)
  await (await token.transfer(wallet.address, BOND * BigInt(seats))).wait()
  await (await registry.admit(wallet.address, true)).wait()
}
