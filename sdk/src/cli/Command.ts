import type { Context } from './Context.js'
import type { EXIT_CODES } from './exitCodes.js'

/** Reads the text of an argument or option; throws an Error that says what is wanted. */
export interface Parse<T> {
  (text: string): T
  /** All that it takes, if that is a list; shells complete them. */
  readonly words?: readonly string[]
}

/** An argument, by its place. */
export interface Argument<T = unknown> {
  readonly summary: string
  readonly parse: Parse<T>
  /** Whether it may be left out; only the last one may. */
  readonly optional?: true
}

/** An option that takes a value, `--name <value>`. */
export interface ValueOption<T = unknown> {
  readonly kind: 'value'
  readonly summary: string
  /** What stands for the value in the help: `seconds`. */
  readonly value: string
  readonly parse: Parse<T>
  /** Used when the option is not given. */
  readonly fallback?: T
  /** Whether a command line without it is refused. */
  readonly required?: true
  /** Whether it may be given more than once; `parse` then reads each. */
  readonly many?: true
}

/** An option that is there or not, `--name`. */
export interface FlagOption {
  readonly kind: 'flag'
  readonly summary: string
}

/** An option of a command. */
export type AnyOption = ValueOption | FlagOption

type Arguments = Readonly<Record<string, Argument>>
type Options = Readonly<Record<string, AnyOption>>

type ArgumentValue<A> = A extends Argument<infer T> ? (A extends { optional: true } ? T | undefined : T) : never
type OptionValue<O> = O extends FlagOption
  ? boolean
  : O extends ValueOption<infer T>
    ? O extends { many: true }
      ? readonly T[]
      : O extends { required: true } | { fallback: T }
        ? T
        : T | undefined
    : never

/** What a command is called with. */
export interface Input<A extends Arguments, O extends Options> {
  readonly args: { readonly [Name in keyof A]: ArgumentValue<A[Name]> }
  readonly options: { readonly [Name in keyof O]: OptionValue<O[Name]> }
  readonly context: Context
}

/** What a command has to say: the same facts for programs and for people. */
export interface Report {
  /** Printed with `--json`. `bigint`s become decimal text. */
  readonly json: unknown
  /** Lines for people. */
  readonly text: readonly string[]
  /** Whether these lines are for a file, a script for example, and are never broken to fit a terminal. */
  readonly whole?: true
  /** How the command ends; default `ok`. For answers that a script must not take for a yes. */
  readonly exit?: keyof typeof EXIT_CODES
}

/** A command of `gevulot`. One file each below `commands/`; it may import statically only what is light, see `docs/cli.md`. */
export interface Command<A extends Arguments = Arguments, O extends Options = Options> {
  /** Words after `gevulot`: `workload submit`. */
  readonly name: string
  /** One sentence without a full stop. */
  readonly summary: string
  /** More to know: whole sentences. */
  readonly details?: string
  readonly args?: A
  readonly options?: O
  /** Whether it sends transactions: then it takes what they may cost, see `settings.ts`. */
  readonly sends?: true
  /** Command lines without the leading `gevulot`. */
  readonly examples: readonly string[]
  /** Does it. Loads what is heavy by `import()`. Without a report the command has written everything by itself. */
  run(input: Input<A, O>): Promise<Report | void>
}

/** States a command; the types of `args` and `options` reach its `run`. */
export function defineCommand<const A extends Arguments = {}, const O extends Options = {}>( // eslint-disable-line @typescript-eslint/no-empty-object-type
  command: Command<A, O>,
): Command {
  return command
}
