import type { Subject } from './Subject.js'

/** How bad it is: an `error` must be corrected; a `warning` may be acknowledged with a reason. */
export type Severity = 'error' | 'warning'

/** One thing that a rule found. */
export interface Observation {
  readonly severity: Severity
  /** What was seen, with figures. */
  readonly seen: string
  /** What its author can do about it. */
  readonly todo: string
}

/** What a rule found, or why it could not look. */
export type Checked = readonly Observation[] | { readonly unchecked: string }

/** One rule, in a file of its own below `rules/`. Its name is stable: acknowledgements name it. */
export interface Rule {
  readonly name: string
  check(subject: Subject): Checked | Promise<Checked>
}
