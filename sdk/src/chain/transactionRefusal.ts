import { isError } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import type { GevulotError } from '../errors/GevulotError.js'

type Refusal = 'CHAIN_TRANSACTION_TOO_LARGE' | 'CHAIN_GAS_LIMIT_TOO_HIGH' | 'CHAIN_FEE_REFUSED'

// How geth, Nethermind, Erigon, Besu, Reth and anvil say it; the library has no code for any of it.
const WORDS: readonly (readonly [Refusal, RegExp])[] = [
  ['CHAIN_TRANSACTION_TOO_LARGE', /oversized data|tx_?size_?exceeded|rlp ?too ?long|transaction (?:is )?too large/i],
  [
    'CHAIN_GAS_LIMIT_TOO_HIGH',
    /exceeds (?:the )?block gas limit|gas limit (?:is )?too high|gas_?limit_?exceeded|max(?:imum)? (?:per-)?transaction gas limit|gas limit .*greater than the cap|intrinsic gas too high/i,
  ],
  ['CHAIN_FEE_REFUSED', /tx fee .*exceeds the configured cap|transaction fee cap exceeded/i],
]

/**
 * The error of a node that has refused a transaction for what it is, whenever it is sent: then no node behind that endpoint has it. Undefined where the error says
 * anything else, and the transaction may have been taken.
 * @param doing What was being done, for the message.
 */
export function transactionRefusal(error: unknown, doing: string): GevulotError | undefined {
  if (!isError(error, 'UNKNOWN_ERROR')) return undefined
  const { payload, error: said } = error as {
    readonly payload?: { readonly method?: unknown }
    readonly error?: unknown
  }
  if (!/^eth_send(?:Raw)?Transaction$/.test(String(payload?.method))) return undefined
  const text = JSON.stringify(said ?? '')
  const code = WORDS.find(([, words]) => words.test(text))?.[0]
  if (code === undefined) return undefined
  const { message } = (said ?? {}) as { readonly message?: unknown }
  const words = typeof message === 'string' ? message : text
  return chainError(code, `${doing}: the node refuses the transaction (${words.slice(0, 200)})`, {
    cause: error,
  })
}
