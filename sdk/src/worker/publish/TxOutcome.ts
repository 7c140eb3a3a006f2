import type { GevulotError } from '../../errors/GevulotError.js'

/** How a transaction ended. */
export type TxOutcome =
  /** In a block, and it succeeded. */
  | { readonly kind: 'mined'; readonly hash: string; readonly block: number; readonly gasUsed: bigint }
  /** It would revert (no hash: it was never sent), or it was mined and did. */
  | { readonly kind: 'reverted'; readonly error: GevulotError; readonly hash?: string }
  /** Its nonce was used by a transaction that is not ours: somebody else holds the key. */
  | { readonly kind: 'superseded' }
  /** Its deadline passed before it was mined; it never will be. */
  | { readonly kind: 'expired' }
  /** It could not be sent: no funds for gas, gas or fee above the ceiling, or the worker stopped. */
  | { readonly kind: 'failed'; readonly error: GevulotError }

/** Every way to end. */
export const TX_OUTCOMES = [
  'mined',
  'reverted',
  'superseded',
  'expired',
  'failed',
] as const satisfies readonly TxOutcome['kind'][]

/** Who goes first when several wait. */
export const TX_PRIORITIES = ['proof', 'answer', 'keeper'] as const
/** Proofs race each other, answers have windows, the rest can wait. */
export type TxPriority = (typeof TX_PRIORITIES)[number]

/** A transaction to be sent. */
export interface TxRequest {
  /** What it is for; while one is under way, asking for the same again joins it. */
  readonly key: string
  readonly to: string
  readonly data: string
  readonly priority: TxPriority
  /** Last second (chain time) in which it is of use. */
  readonly deadline?: number
  /** Gas to give it, in percent of its estimate, where more than usual may be added before it is mined. */
  readonly marginPercent?: bigint
  /** Facts for log lines: workload, seat, stage. */
  readonly about: Readonly<Record<string, unknown>>
}
