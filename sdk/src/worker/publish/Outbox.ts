import type { TxOutcome, TxRequest } from './TxOutcome.js'

/** The way acts leave this machine: as transactions of the own account, or signed and carried out by a relay. */
export interface Outbox {
  /** Publishes; resolves with how it ended, never rejects. A request whose key is under way joins it. */
  publish(request: TxRequest): Promise<TxOutcome>
  /** Whether an act of this key is waiting or sent. */
  isPending(key: string): boolean
  /** The keys of all acts that are waiting or sent, also of those that an earlier run had sent. */
  pendingKeys(): readonly string[]
  /** Takes up what an earlier run had sent. Call it before {@link run}. */
  recover(): Promise<void>
  /** Works until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
}
