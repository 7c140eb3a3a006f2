import { HDNodeWallet, Wallet, type Provider, type TransactionLike, type TransactionRequest } from 'ethers'

/** The mnemonic every development node starts with: its keys are public and worth nothing. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const MARGIN_PERCENT = 130n

/**
 * A funded account of a local chain. What a test sends itself, without a limit of its own, gets more gas than was estimated: the block that includes it has another
 * second than the one it was estimated on, and a branch that goes by the time may take ten more. What the SDK sends names its own limit, which stands.
 */
export class TestAccount extends Wallet {
  /** By number, as development nodes count them. */
  static of(index: number, provider: Provider): TestAccount {
    return new TestAccount(HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).privateKey, provider)
  }

  override connect(provider: Provider | null): TestAccount {
    return new TestAccount(this.signingKey, provider)
  }

  override async populateTransaction(request: TransactionRequest): Promise<TransactionLike<string>> {
    const transaction = await super.populateTransaction(request)
    if ((request.gasLimit ?? null) !== null) return transaction
    return { ...transaction, gasLimit: (BigInt(transaction.gasLimit!) * MARGIN_PERCENT) / 100n }
  }
}
