import type { Address, Hex, WorkloadId } from '../../chain/hex.js'
import type { Digest } from '../../content/digest.js'

/** A sealed proof on its way to the requester. */
export interface Delivery {
  readonly workload: Hex
  readonly seat: number
  /** What `sealProof` made. */
  readonly sealed: Uint8Array
  /** The operator's signature, see `signDelivery`. */
  readonly signature: Hex
}

/** What an inbox says of a delivery, its signature checked. */
export interface ListedDelivery {
  readonly workload: WorkloadId
  readonly seat: number
  /** Who signed it. Whether that account holds the seat is for the reader to check. */
  readonly operator: Address
  /** Size of the sealed proof. */
  readonly bytes: number
  /** Its sha-256. */
  readonly digest: Digest
}

/** A delivery in an inbox, its signature checked. */
export interface ReceivedDelivery extends Pick<ListedDelivery, 'workload' | 'seat' | 'operator'> {
  readonly sealed: Uint8Array
}

/**
 * Where provers leave proofs sealed to a requester before they reveal them (design section 3). A prover uploads only when its
 * commit is deep enough in the chain; the requester opens the box, checks that it opens the commitment on chain,
 * verifies the proof, and trusts the inbox with nothing but storage.
 */
export interface DeliveryInbox {
  /**
   * Leaves a delivery; a later one of the same operator for the same seat takes its place.
   * @throws GevulotError CLIENT_DELIVERY_REFUSED
   */
  put(delivery: Delivery, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** What has arrived for a workload, without the proofs themselves: all of them may be gigabytes. */
  list(workload: WorkloadId, options?: { readonly signal?: AbortSignal }): Promise<readonly ListedDelivery[]>
  /** One of them; undefined when it is not there any more, or another one has taken its place. */
  read(listed: ListedDelivery, options?: { readonly signal?: AbortSignal }): Promise<ReceivedDelivery | undefined>
}
