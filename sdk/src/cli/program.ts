import { Command as Parser, InvalidArgumentError, Option } from 'commander'
import type { AnyOption, Command, Parse } from './Command.js'
import { optionOf } from './Context.js'
import { EXIT_CODES } from './exitCodes.js'
import { plainTokens } from './format.js'
import { toJson } from './Output.js'
import { settingsOf, type Settings } from './settings.js'

/** A command line that has been read. */
export interface Call {
  readonly command: Command
  readonly args: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  readonly settings: Settings
  readonly configPath: string | undefined
}

/** Columns that are left for what an option is, from which on it is broken into lines of its own. */
const LEAST_HELP = 20

/** What each group of commands is about. */
export const GROUPS: Readonly<Record<string, string>> = {
  account: 'money of an account, and its key',
  api: 'the network over HTTP',
  aztec: "Aztec's prover broker, and epoch bonds",
  audit: 'what the chain did, counted again from the chain alone',
  nanos: 'the kernel of the runtime nanos',
  program: 'provers and verifiers',
  proof: 'proofs that are there',
  prover: 'seats, and the worker that runs on them',
  relay: 'gas for accounts that have none',
  validator: 'judging proofs of programs without a verifier contract',
  workload: 'requests for proofs',
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** How an option is written in help and docs: `--max-run-time <seconds>`. */
export function flagsOf(name: string, option: AnyOption): string {
  return option.kind === 'flag' ? `--${kebab(name)}` : `--${kebab(name)} <${option.value}>`
}

/** The parser of all commands. `onCall` gets what was typed. */
export function buildProgram(commands: readonly Command[], version: string, onCall: (call: Call) => void): Parser {
  const program: Parser = new Parser('gevulot')
    .description('Ask the Gevulot prover network for proofs, or prove for it.')
    .version(version, '--version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', () => `\nExit codes:\n${exitCodeLines(program).join('\n')}`)
  for (const command of commands) {
    const words = command.name.split(' ')
    const parent = words.length === 1 ? program : groupOf(program, words[0] ?? '')
    parent.addCommand(parserOf(command, onCall))
  }
  settle(program)
  return program
}

/** Every parser throws instead of ending the process, and knows the same words for help. */
function settle(parser: Parser): void {
  parser.exitOverride().helpOption('-h, --help', 'show this help')
  parser.configureHelp({ showGlobalOptions: true, minWidthToWrap: LEAST_HELP })
  // Errors are told by the caller; what is left to write is help.
  parser.configureOutput({ outputError: () => undefined })
  parser.showSuggestionAfterError()
  for (const child of parser.commands) settle(child)
}

function groupOf(program: Parser, name: string): Parser {
  const known = program.commands.find((command) => command.name() === name)
  if (known !== undefined) return known
  const group = new Parser(name).description(GROUPS[name] ?? name).helpCommand(false)
  program.addCommand(group)
  return group
}

function parserOf(command: Command, onCall: (call: Call) => void): Parser {
  const parser = new Parser(command.name.split(' ').at(-1)).summary(command.summary)
  parser.description([`${command.summary}.`, command.details].filter(Boolean).join(' '))
  const args = Object.entries(command.args ?? {})
  for (const [name, { summary, parse, optional }] of args) {
    parser.argument(optional ? `[${kebab(name)}]` : `<${kebab(name)}>`, summary, checked(parse))
  }
  for (const [name, option] of Object.entries(command.options ?? {})) parser.addOption(optionFor(name, option))
  const settings = settingsOf(command)
  for (const { name, value, summary, parse } of settings) {
    const common = new Option(`${optionOf(name)} <${value}>`, summary).helpGroup('Common options:')
    if (parse !== undefined) common.argParser(asTyped(parse))
    parser.addOption(common)
  }
  parser.addOption(new Option('--config <path>', 'configuration file').helpGroup('Common options:'))
  parser.addOption(new Option('--json', 'write JSON').helpGroup('Common options:'))
  const examples = command.examples.map((example) => `  gevulot ${example}`)
  parser.addHelpText('after', `\nExamples:\n${examples.join('\n')}`)
  parser.action(() => {
    const given = parser.opts<Record<string, unknown>>()
    onCall({
      command,
      args: Object.fromEntries(args.map(([name], index) => [name, parser.processedArgs[index] as unknown])),
      options: Object.fromEntries(
        Object.entries(command.options ?? {}).map(([name, option]) => [name, given[name] ?? emptyOf(option)]),
      ),
      settings: Object.fromEntries(
        settings.flatMap(({ name }) => (typeof given[name] === 'string' ? [[name, given[name]]] : [])),
      ),
      configPath: typeof given['config'] === 'string' ? given['config'] : undefined,
    })
  })
  return parser
}

function emptyOf(option: AnyOption): unknown {
  if (option.kind === 'flag') return false
  return option.many ? [] : undefined
}

function optionFor(name: string, option: AnyOption): Option {
  const parsed = new Option(flagsOf(name, option), option.summary)
  if (option.kind === 'flag') return parsed
  if (option.required) parsed.makeOptionMandatory()
  if (option.fallback !== undefined) parsed.default(option.fallback, shown(option.fallback))
  const parse = checked(option.parse)
  if (!option.many) return parsed.argParser(parse)
  return parsed.argParser((value: string, before: unknown) => [
    ...((before as unknown[] | undefined) ?? []),
    parse(value),
  ])
}

/** What a parser of ours refuses, as the library wants to hear it. */
function checked<T>(parse: Parse<T>): (value: string) => T {
  return (value) => {
    try {
      return parse(value)
    } catch (error) {
      throw new InvalidArgumentError(`It ${error instanceof Error ? error.message : String(error)}.`)
    }
  }
}

/** The text itself, if it can be read: settings are put together as texts. */
function asTyped(parse: Parse<unknown>): (value: string) => string {
  const read = checked(parse)
  return (value) => (read(value), value)
}

/** A default as it would be typed; amounts are parsed into units of 10^-18. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return plainTokens(value)
  return typeof value === 'string' ? value : toJson(value)
}

/** The exit codes, broken into lines as the options above them. */
function exitCodeLines(program: Parser): string[] {
  const help = program.createHelp()
  const columns = program.configureOutput().getOutHelpWidth?.()
  help.prepareContext(columns === undefined ? {} : { helpWidth: columns })
  return Object.values(EXIT_CODES).map(({ code, meaning }) => help.formatItem(String(code), 3, meaning, help))
}
