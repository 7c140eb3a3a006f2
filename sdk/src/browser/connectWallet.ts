import { BrowserProvider, toQuantity, type Eip1193Provider, type JsonRpcSigner } from 'ethers'
import { chainError } from '../errors/codes/chain.js'

/** Options of {@link connectWallet}. */
export interface ConnectWalletOptions {
  /** A wallet as EIP-1193 describes it, for example `window.ethereum`. */
  readonly wallet: Eip1193Provider
  /** The chain our contracts are on; the wallet is asked to switch to it (EIP-3326). */
  readonly chainId: number
}

// EIP-1193: the user said no. EIP-3326: the wallet does not know the chain.
const REFUSED = 4001
const UNKNOWN_CHAIN = 4902

/**
 * Asks a wallet for an account on the right chain. The wallet shows its own question, and shows one again for every
 * transaction: this holds no key. Source: EIP-1193, EIP-3326.
 * @throws GevulotError CHAIN_SIGNER_REFUSED, CHAIN_WRONG, CHAIN_SIGNER_MISSING, CHAIN_RPC_UNAVAILABLE
 */
export async function connectWallet({ wallet, chainId }: ConnectWalletOptions): Promise<JsonRpcSigner> {
  const accounts = await ask(wallet, 'eth_requestAccounts')
  const [account] = Array.isArray(accounts) ? (accounts as unknown[]) : []
  if (typeof account !== 'string') throw chainError('CHAIN_SIGNER_MISSING', 'the wallet shows no account')
  if (Number(await ask(wallet, 'eth_chainId')) !== chainId) {
    await ask(wallet, 'wallet_switchEthereumChain', [{ chainId: toQuantity(chainId) }])
    const have = Number(await ask(wallet, 'eth_chainId'))
    if (have !== chainId) throw wrongChain(chainId, have)
  }
  return new BrowserProvider(wallet, chainId).getSigner(account)

  function wrongChain(want: number, have: number): Error {
    return chainError('CHAIN_WRONG', `the wallet is on chain ${have}, not ${want}`, { details: { have, want } })
  }
}

async function ask(wallet: Eip1193Provider, method: string, params?: unknown[]): Promise<unknown> {
  try {
    return (await wallet.request({ method, ...(params && { params }) })) as unknown
  } catch (cause) {
    const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown }
    if (code === REFUSED) throw chainError('CHAIN_SIGNER_REFUSED', `the wallet's owner refused ${method}`, { cause })
    if (code === UNKNOWN_CHAIN) {
      throw chainError('CHAIN_WRONG', 'the wallet does not know the chain: add its network to the wallet', { cause })
    }
    throw chainError('CHAIN_RPC_UNAVAILABLE', `the wallet did not answer ${method}: ${String(message)}`, { cause })
  }
}
