import type { TransactionRequest, TypedDataDomain, TypedDataField } from 'ethers'

/** What signs for an account: a key in this process (a `Wallet` of ethers is one), or a signer elsewhere that holds it. */
export interface AccountSigner {
  /** The account, with its checksum. */
  readonly address: string
  /** The signed bytes of a transaction that has every field. */
  signTransaction(transaction: TransactionRequest): Promise<string>
  /** An EIP-712 signature of 65 bytes. */
  signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>
}
