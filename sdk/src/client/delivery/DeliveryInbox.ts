import type { Address, Hex, WorkloadId } from '../../chain/hex.js'

/** A sealed proof on its way to the requester. */
export interface Delivery {
  readonly workload: Hex
  readonly seat: number
  /** What `sealProof` made. */
  readonly sealed: Uint8Array
  /** The operator's signature, see `signDelivery`. */
  readonly signature: Hex
}

/** A delivery in an inbox, its signature checked. */
export interface ReceivedDelivery {
  readonly workload: WorkloadId
  readonly seat: number
  readonly sealed: Uint8Array
  /** Who signed it. Whether that account holds the seat is for the reader to check. */
  readonly operator: Address
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
  /** What has arrived for a workload. */
  list(workload: WorkloadId, options?: { readonly signal?: AbortSignal }): Promise<readonly ReceivedDelivery[]>
}
