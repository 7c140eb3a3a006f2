/** What a key may do within 24 hours. */
export interface KeyLimits {
  readonly requestsPerDay: number
  /** Token units. */
  readonly spendPerDay: string
  /** Bytes of content. */
  readonly uploadPerDay: number
}
