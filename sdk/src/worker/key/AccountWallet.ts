import { AbstractSigner, type Provider, type TransactionRequest, type TypedDataDomain, type TypedDataField } from 'ethers' // prettier-ignore
import { workerError } from '../../errors/codes/worker.js'
import type { AccountSigner } from './AccountSigner.js'

/** What signs for an account as a signer of ethers, with which a client sends transactions. */
export class AccountWallet extends AbstractSigner {
  readonly #signer: AccountSigner

  constructor(signer: AccountSigner, provider: Provider) {
    super(provider)
    this.#signer = signer
  }

  override getAddress(): Promise<string> {
    return Promise.resolve(this.#signer.address)
  }

  override connect(provider: Provider): AccountWallet {
    return new AccountWallet(this.#signer, provider)
  }

  override async signTransaction(transaction: TransactionRequest): Promise<string> {
    return this.#signer.signTransaction(transaction)
  }

  override async signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    return this.#signer.signTypedData(domain, types, value)
  }

  override signMessage(): Promise<string> {
    return Promise.reject(workerError('WORKER_SIGNER_REFUSED', 'plain messages are not signed'))
  }
}
