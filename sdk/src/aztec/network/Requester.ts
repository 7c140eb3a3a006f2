import type { ProgramId, WorkloadId } from '../../chain/hex.js'
import type { OpenedDelivery } from '../../client/delivery/openDeliveries.js'
import type { Verification } from '../../client/verifyProof.js'
import type { Workload, WorkloadSlot } from '../../client/Workload.js'
import type { Clock } from '../../clock.js'
import type { ContentStore } from '../../content/ContentStore.js'
import type { Digest } from '../../content/digest.js'
import type { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { JobBook, StoredBundle } from '../store/JobBook.js'

/** What decides the fee of a workload. */
export interface Terms {
  readonly program: ProgramId
  readonly maxRunTime: number
  readonly redundancy: number
}

/** What a requester is asked to submit. */
export interface Order {
  readonly bundle: StoredBundle
  /** Whether any of its jobs is still wanted: what is not, and is not sent yet, need not be paid. */
  readonly isWanted: boolean
  /** Notes, durably, what a restart has to know. */
  readonly note: (change: Parameters<JobBook['noteBundle']>[1]) => Promise<void>
}

/** How far a bundle has come on its way to the chain. */
export type Submission =
  | {
      /** It is a workload. */
      readonly kind: 'submitted'
      readonly workload: WorkloadId
      readonly block: number | null
      /** Whether this very call has made it. */
      readonly created: boolean
    }
  /** Not yet; asking again pays nothing twice. */
  | { readonly kind: 'later' }
  /** Nothing was paid for it, and nothing will be. */
  | { readonly kind: 'over'; readonly why: string; readonly error?: GevulotError }
  /** As `over`: what may be spent is used up, which is no fault of its jobs. */
  | { readonly kind: 'short'; readonly why: string }

/** A seat of a workload as it is now. */
export interface SightedSlot extends WorkloadSlot {
  /** sha-256 of the proof that was revealed. */
  readonly proofDigest?: Digest
}

/** A result that may count, and whose it is. */
export type Candidate = Pick<OpenedDelivery, 'proof' | 'operator'>

/** A workload as it is now. */
export interface Sighting extends Pick<Workload, 'workload'> {
  readonly slots: readonly SightedSlot[]
  /** Why no result can come any more. */
  readonly ended: string | undefined
  /** Whether commits are there for everything that was paid for, and a release would end the work on it. */
  readonly isReleasable: boolean
}

/**
 * Who asks the network for proofs on the adapter's behalf: an account of its own, or a server that pays for the holder of an API key. Every method
 * may be called again after whatever went wrong.
 */
export interface Requester {
  readonly clock: Clock
  /** Who pays, for log and metrics. */
  readonly account: string
  readonly chainId: number
  /** Where inputs are published. */
  readonly store: Pick<ContentStore, 'put'>
  /** Whether it can run verifiers. */
  readonly canVerify: boolean
  /** Why nothing can be paid for at present. */
  shortage(signal: AbortSignal): Promise<string | undefined>
  /** The least fee, token units. */
  quote(terms: Terms): Promise<bigint>
  /** Takes a bundle to the chain, or as far as it goes now. */
  submit(order: Order, signal: AbortSignal): Promise<Submission>
  /** Undefined: the chain does not hold the workload any more, and it is to be submitted again. */
  read(bundle: StoredBundle, signal: AbortSignal): Promise<Sighting | undefined>
  /** A valid proof that was revealed. */
  fetchProof(sighting: Sighting, seat: number, signal: AbortSignal): Promise<Uint8Array>
  /** A proof that was revealed and is not judged yet, by its digest. */
  fetchRevealed(digest: Digest, signal: AbortSignal): Promise<Uint8Array>
  /** Proofs that came before they are revealed. @param isRefused Whether one was looked at already, by `deliveryName`. */
  deliveries(
    bundle: StoredBundle,
    sighting: Sighting,
    isRefused: (name: string) => boolean,
    signal: AbortSignal,
  ): Promise<readonly OpenedDelivery[]>
  /** Runs the verifier of the bundle's program. */
  verify(bundle: StoredBundle, candidate: Candidate, signal: AbortSignal): Promise<Verification>
  /** Nobody has to work on it any more. */
  release(bundle: StoredBundle, signal: AbortSignal): Promise<void>
  /** Its results are wanted no more. */
  cancel(bundle: StoredBundle, signal: AbortSignal): Promise<void>
}

/** Names a delivered proof in the adapter's memory. */
export function deliveryName({ digest, operator }: Pick<OpenedDelivery, 'digest' | 'operator'>): string {
  return `${digest}/${operator}`
}

/** Says that sealed results of a bundle cannot be opened: they are for a key that is not here any more. */
export function warnOfKey(log: Logger, { id, delivery_key: key }: StoredBundle): void {
  const why =
    'its results are sealed to another delivery key: they count once they are revealed. Put the key back to read them before'
  log.warn('the delivery key of a bundle is not here', { stage: 'retrieve', bundle: id, key, why })
}

/** Seconds that a verifier may take. */
export const VERIFY_SECONDS = 300

/** Why no result of a workload can come any more. */
export function endOf({
  status,
  reason,
  outcome,
}: {
  readonly status: Workload['status']
  readonly reason?: string | null
  readonly outcome?: string | null
}): string | undefined {
  switch (status) {
    case 'cancelled':
      return 'the workload was cancelled'
    case 'expired':
      return reason ?? 'it expired'
    case 'settleable':
      return outcome === 'Proven' ? 'its results are malformed' : (outcome ?? 'it is over')
    case 'proven':
      return 'its results are malformed'
    default:
      return undefined
  }
}
