import type { BondAccount, BondStatus } from '../aztec/bonds/BondAccount.js'
import type { Hex } from '../chain/hex.js'
import type { Context } from './Context.js'
import { formatTime, formatTokens } from './format.js'
import { address, integer, optionWithDefault, requiredOption } from './parsers.js'

/** Options of every command about bonds. */
export const BOND_OPTIONS = {
  bonds: requiredOption('address', address, 'the bonds: a contract EpochBonds'),
  chain: optionWithDefault('id', integer(1, Number.MAX_SAFE_INTEGER), 1, 'chain that they are on'),
}

/** The bonds as the account of the configured key uses them. */
export async function openBonds(
  context: Context,
  { bonds, chain }: { bonds: Hex; chain: number },
): Promise<BondAccount> {
  const [rpcUrl, keyFile] = [await context.setting('rpcUrl'), await context.setting('keyFile')]
  const { BondAccount } = await import('../aztec/bonds/BondAccount.js')
  const { rpcProvider } = await import('../chain/rpcProvider.js')
  const { openSigner } = await import('./openSigner.js')
  return BondAccount.connect(await openSigner(keyFile, rpcProvider(rpcUrl, chain), context), bonds)
}

/** The same without a key, to look only. */
export async function readBonds(
  context: Context,
  { bonds, chain }: { bonds: Hex; chain: number },
): Promise<BondAccount> {
  const rpcUrl = await context.setting('rpcUrl')
  const { VoidSigner, ZeroAddress } = await import('ethers')
  const { BondAccount } = await import('../aztec/bonds/BondAccount.js')
  const { rpcProvider } = await import('../chain/rpcProvider.js')
  return BondAccount.connect(new VoidSigner(ZeroAddress, rpcProvider(rpcUrl, chain)), bonds)
}

const MEANING: Readonly<Record<BondStatus['state'], string>> = {
  None: 'not opened',
  Open: 'open',
  Kept: 'kept: the named prover has proven the epoch, and has the tip',
  Covered: 'covered: others have proven the epoch; deposit and tip are back',
  Broken: 'broken: the epoch was not proven in time; the deposit burned',
  Returned: 'returned: the rollup could not be read; everything is back',
}

/** A bond as people read it. */
export function describeBond(context: Context, status: BondStatus): readonly string[] {
  const { id, state, deadline, proven, byProver, balance, sure } = status
  return context.output.facts([
    ['bond', id],
    ['state', MEANING[state]],
    ['epoch', proven ? `proven${byProver ? ', by the named prover too' : ', by others'}` : 'not proven'],
    ['can be proven until', formatTime(Number(deadline))],
    ["proposer's balance", `${formatTokens(balance)}, of which ${formatTokens(sure)} are sure until then`],
  ])
}
