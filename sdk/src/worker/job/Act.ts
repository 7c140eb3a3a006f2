import type { FailReason } from '../../chain/index.js'
import type { JobState } from './transitions.js'

/** The next thing to do for a job. */
export type Act =
  /** Nothing before `until` (chain time), or before something happens to the workload. */
  | { readonly do: 'wait'; readonly until?: number }
  /** Put it before the operator, who has time until `until` (chain time). */
  | { readonly do: 'ask'; readonly until: number }
  /** Fetch, run, check; nothing if that is under way. */
  | { readonly do: 'work' }
  | { readonly do: 'accept' }
  | { readonly do: 'decline'; readonly why: string }
  | { readonly do: 'fail'; readonly reason: FailReason; readonly why: string }
  | { readonly do: 'commit' }
  /** Send the proof in the open. */
  | { readonly do: 'submit' }
  /** Leave the sealed proof for the requester. */
  | { readonly do: 'deliver' }
  | { readonly do: 'reveal' }
  /** A committee judges what was revealed: see that it gets into the stores. */
  | { readonly do: 'place' }
  /** Free the seat from a finished workload. */
  | { readonly do: 'clear' }
  /** The chain is further than the record, or has taken something back: write that down and look again. */
  | { readonly do: 'become'; readonly state: JobState; readonly why: string }
  /** Nothing is left to do. */
  | { readonly do: 'close'; readonly state: JobState; readonly why: string }
