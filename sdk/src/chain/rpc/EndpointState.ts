/** Why an endpoint is set aside. */
export const ASIDE_REASONS = {
  unreachable: 'it cannot be reached',
  slow: 'it does not answer in time',
  limits: 'it limits requests',
  broken: 'it answers with an error',
  garbled: 'its answers make no sense',
  behind: 'its newest block is behind that of another',
  ahead: 'its newest block is ahead of what all others know, or it does not have it',
  omits: 'it leaves events out that another one knows',
  wrongChain: 'it serves another chain',
} as const
/** One of them. */
export type AsideReason = keyof typeof ASIDE_REASONS

/** How an endpoint stands, for logs and figures. */
export interface EndpointState {
  /** Its place in the list, from 1, and its host: `2 rpc.example.org`. */
  readonly name: string
  /** Whether requests may go to it; else it is set aside for a while. */
  readonly isUp: boolean
  /** Whether requests go to it now. */
  readonly isCurrent: boolean
  /** Number of its newest block when it was last looked at; undefined: not yet. */
  readonly head: number | undefined
  /** How often it was set aside, or failed again while it was, by reason. */
  readonly failures: ReadonlyMap<AsideReason, number>
}

/** What happens to endpoints, for the log. */
export type EndpointEvent =
  | { readonly kind: 'aside'; readonly endpoint: string; readonly why: AsideReason; readonly seconds: number }
  | { readonly kind: 'back'; readonly endpoint: string }
  | { readonly kind: 'switch'; readonly endpoint: string }
