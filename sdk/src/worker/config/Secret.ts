import { inspect } from 'node:util'

const HIDDEN = '***'

/** A value that logs, templates, JSON and the inspector all show as `***`; only {@link Secret.reveal} gives it out. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Every call site is a place where it could leak. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
