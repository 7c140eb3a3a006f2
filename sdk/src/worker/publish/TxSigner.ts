import { Transaction, Wallet } from 'ethers'
import {
  signAction,
  signVerdict,
  type Action,
  type ActionDomain,
  type Address,
  type Hex,
  type Verdict,
  type VerdictDomain,
} from '../../chain/index.js'
import type { Delivery } from '../../client/delivery/DeliveryInbox.js'
import { signDelivery, type DeliveryDomain } from '../../client/delivery/signDelivery.js'
import { Secret } from '../config/Secret.js'
import type { AccountSigner } from '../key/AccountSigner.js'
import type { TxVersion } from '../store/TransactionJournal.js'

/** What is signed. */
export interface TxFields {
  readonly nonce: number
  readonly to: string
  readonly data: string
  readonly gasLimit: bigint
  readonly maxFee: bigint
  readonly priorityFee: bigint
}

/** All that is ever signed: transactions of one chain, actions for relays, deliveries of sealed proofs, and verdicts. */
export class TxSigner {
  readonly #key: AccountSigner
  readonly #chainId: number
  /** The account that is acted for: the one that signs, or the operator that named it its submitter key. */
  readonly operator: Address

  /**
   * @param key The key itself, or what signs with it elsewhere.
   * @param operator The account to act for, if the key is only its submitter key.
   */
  constructor(key: Secret | AccountSigner, chainId: number, operator?: Address) {
    this.#key = key instanceof Secret ? new Wallet(key.reveal()) : key
    this.#chainId = chainId
    this.operator = operator ?? (this.#key.address as Address)
  }

  /** The account that signs. */
  get address(): Address {
    return this.#key.address as Address
  }

  /** Whether it was this account that signed a transaction. */
  hasSigned(raw: string): boolean {
    return Transaction.from(raw).from === this.address
  }

  /** Signs a transaction. */
  async sign(fields: TxFields): Promise<TxVersion> {
    const { maxFee, priorityFee } = fields
    return this.#sign(fields, fields.to, fields.data, fields.gasLimit, maxFee, priorityFee, false)
  }

  /** Signs a transfer of nothing to oneself, which uses up the nonce. */
  async signCancel(nonce: number, maxFee: bigint, priorityFee: bigint): Promise<TxVersion> {
    return this.#sign({ nonce }, this.address, '0x', 21_000n, maxFee, priorityFee, true)
  }

  /** Signs an act that others may carry out. Record its nonce before: see `ActionJournal`. */
  async signAction(domain: ActionDomain, action: Action): Promise<Hex> {
    return signAction(this.#key, domain, action)
  }

  /** Signs a sealed proof, so that an inbox knows whom it is from. */
  async signDelivery(domain: DeliveryDomain, delivery: Omit<Delivery, 'signature'>): Promise<Delivery> {
    return signDelivery(this.#key, domain, delivery)
  }

  /** Signs a verdict as the operator of a committee's member. Record it before: see `VerdictJournal`. */
  async signVerdict(domain: VerdictDomain, verdict: Verdict): Promise<Hex> {
    return signVerdict(this.#key, domain, verdict)
  }

  async #sign(
    { nonce }: { readonly nonce: number },
    to: string,
    data: string,
    gasLimit: bigint,
    maxFee: bigint,
    priorityFee: bigint,
    cancels: boolean,
  ): Promise<TxVersion> {
    const raw = await this.#key.signTransaction({
      type: 2,
      chainId: this.#chainId,
      nonce,
      to,
      data,
      gasLimit,
      maxFeePerGas: maxFee,
      maxPriorityFeePerGas: priorityFee,
    })
    const { hash } = Transaction.from(raw)
    if (hash === null) throw new TypeError('unreachable: a signed transaction has a hash')
    return { hash, raw, maxFee, priorityFee, cancels }
  }
}
