import type { Signer } from 'ethers'
import type { Contracts } from '../chain/connect.js'
import type { Address } from '../chain/hex.js'
import type { Clock } from '../clock.js'
import type { ContentSource, ContentStore } from '../content/ContentStore.js'
import type { DeliveryKey } from '../crypto/DeliveryKey.js'
import { clientError } from '../errors/codes/client.js'
import type { Runtime } from '../runtime/Runtime.js'
import type { DeliveryInbox } from './delivery/DeliveryInbox.js'

/** What the actions of this folder work with. Make one with {@link createClient}. */
export interface Client {
  readonly contracts: Contracts
  /** Sends transactions; absent in a client that only reads. */
  readonly signer?: Signer
  /** Account of the signer. */
  readonly account?: Address
  /** Where inputs are published. */
  readonly store?: ContentStore
  /** Where content that others published is looked up; by default `store`. */
  readonly source?: ContentSource
  /** Where provers leave sealed proofs. */
  readonly inbox?: DeliveryInbox
  /** Opens sealed proofs; its public half goes into submitted workloads. */
  readonly deliveryKey?: DeliveryKey
  /** Runs verifier programs. */
  readonly runtime?: Runtime
  readonly clock: Clock
  readonly settings: ClientSettings
  /** Keeps the transactions of the signer in order. */
  readonly queue: { tail: Promise<unknown> }
  /** Keeps the submissions of the account in order. */
  readonly submissions: { tail: Promise<unknown> }
  /** Keeps what takes the account's tokens in order: each with its approval. */
  readonly payments: { tail: Promise<unknown> }
}

/** Settings with a default; see the table in the README. */
export interface ClientSettings {
  /** Blocks that include a transaction before an action returns. */
  readonly confirmations: number
  /** Milliseconds between looks at the chain. */
  readonly pollMs: number
  /** Milliseconds until a transaction that is not mined counts as lost. */
  readonly transactionTimeoutMs: number
  /** The most bytes of a proof fetched from a store. */
  readonly maxProofBytes: number
}

/** The defaults of {@link ClientSettings}. */
export const DEFAULT_SETTINGS: ClientSettings = {
  confirmations: 1,
  pollMs: 2_000,
  transactionTimeoutMs: 180_000,
  maxProofBytes: 64 * 2 ** 20,
}

/**
 * An optional part of a client, or the error that says it is missing.
 * @throws GevulotError CLIENT_OPTION_MISSING
 */
export function needed<Part extends 'signer' | 'account' | 'store' | 'inbox' | 'deliveryKey'>(
  client: Client,
  part: Part,
  doing: string,
): NonNullable<Client[Part]> {
  const value = client[part]
  if (value === undefined) {
    throw clientError('CLIENT_OPTION_MISSING', `${doing} needs a client with ${part === 'account' ? 'a signer' : part}`)
  }
  return value
}
