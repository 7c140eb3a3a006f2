import { isError, type Provider, type TransactionResponse } from 'ethers'

/** Blocks that one look goes through. */
const MOST_BLOCKS = 128
/** Blocks that a reorg may change, or by which nodes behind one URL may differ. */
const MARGIN = 8

/** Finds the transaction that used the nonce of one that was sent: itself, or what a wallet put in its place. */
export class NonceUser {
  readonly #provider: Provider
  readonly #sent: TransactionResponse
  /** The first block that is still to be looked through. */
  #from: number | undefined

  constructor(provider: Provider, sent: TransactionResponse) {
    this.#provider = provider
    this.#sent = sent
  }

  /** Undefined while the nonce is free, and where the last blocks do not have what used it. */
  async find(): Promise<TransactionResponse | undefined> {
    const { from, nonce } = this.#sent
    this.#from ??= Math.max(0, (await this.#provider.getBlockNumber()) - MARGIN)
    if ((await this.#provider.getTransactionCount(from)) <= nonce) return undefined
    const head = await this.#provider.getBlockNumber()
    for (let number = head; number >= Math.max(this.#from, head - MOST_BLOCKS); number--) {
      const block = await this.#provider.getBlock(number, true).catch(unlessUnreadable)
      const found = block?.prefetchedTransactions.find((each) => each.from === from && each.nonce === nonce)
      if (found !== undefined) return found
    }
    this.#from = Math.max(this.#from, head - MARGIN)
    return undefined
  }
}

/** Chains have transactions of kinds that the library cannot read, and that hide their block from it: no reason to end a wait. */
function unlessUnreadable(error: unknown): null {
  if (isError(error, 'INVALID_ARGUMENT')) return null
  throw error
}
