import { keccak256, Wallet, type Provider, type Signer, type TransactionLike, type TransactionRequest } from 'ethers'
import { feesOf, type FeeOptions } from '../client/gasFees.js'
import { cliError } from '../errors/codes/cli.js'
import { optionOf, type Context } from './Context.js'
import { gwei } from './parsers.js'
import { readKey } from './readKey.js'

/**
 * The account of a key file. What its transactions may cost are the settings: whatever a command sends goes through here.
 * @throws GevulotError CLI_KEY_UNSAFE, CLI_KEY_LOCKED, CLI_USAGE where the tip is above the whole
 */
export async function openSigner(keyFile: string, provider: Provider, context: Context): Promise<Signer> {
  const fees = await feesIn(context)
  const { privateKey } = await readKey(keyFile, context)
  return new PricedWallet(privateKey, provider, fees, context)
}

async function feesIn(context: Context): Promise<FeeOptions> {
  const { maxFeePerGas: cap, maxPriorityFeePerGas: tip } = await context.settings()
  if (cap !== undefined && tip !== undefined && gwei(tip) > gwei(cap)) {
    const [whole, part] = [optionOf('maxFeePerGas'), optionOf('maxPriorityFeePerGas')]
    throw cliError('CLI_USAGE', `${part} ${tip} is above ${whole} ${cap}, of which it is a part`)
  }
  return {
    ...(cap !== undefined && { maxFeePerGas: gwei(cap) }),
    ...(tip !== undefined && { maxPriorityFeePerGas: gwei(tip) }),
  }
}

class PricedWallet extends Wallet {
  readonly #fees: FeeOptions
  readonly #asked: Provider
  readonly #context: Context

  constructor(privateKey: string, provider: Provider, fees: FeeOptions, context: Context) {
    super(privateKey, provider)
    this.#fees = fees
    this.#asked = provider
    this.#context = context
  }

  /** @throws GevulotError CHAIN_FEE_ABOVE_CAP, CHAIN_UNSUPPORTED */
  override async populateTransaction(transaction: TransactionRequest): Promise<TransactionLike<string>> {
    return super.populateTransaction({ ...transaction, ...(await feesOf(this.#asked, this.#fees, 'sending')) })
  }

  override async signTransaction(transaction: TransactionRequest): Promise<string> {
    const raw = await super.signTransaction(transaction)
    this.#context.onSigned(keccak256(raw))
    return raw
  }
}
