import type { Command, Parse } from './Command.js'
import { optionOf } from './Context.js'
import { GROUPS, flagsOf } from './program.js'
import { settingsOf } from './settings.js'

/** Shells that can be completed. */
export type Shell = 'bash' | 'zsh' | 'fish'

/** A script that teaches a shell the commands, their options, and the words that those take. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  if (shell === 'fish') return fish(commands)
  return shell === 'bash' ? bash(commands) : [...ZSH_FRAME, bash(commands)].join('\n')
}

/** zsh runs bash's script, once both of its own systems of completion are there. */
const ZSH_FRAME = [
  '(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }',
  'autoload -Uz bashcompinit && bashcompinit',
]

interface Flag {
  /** `--max-run-time`. */
  readonly flag: string
  readonly summary: string
  /** What its value can be; empty where that is no list, undefined where it takes none. */
  readonly words: readonly string[] | undefined
}

const flagsOfSettings = (command: { readonly sends?: true }): readonly Flag[] =>
  settingsOf(command).map(({ name, summary }) => ({ flag: optionOf(name), summary, words: [] }))

const COMMON: readonly Flag[] = [
  ...flagsOfSettings({}),
  { flag: '--config', summary: 'configuration file', words: [] },
  { flag: '--json', summary: 'write JSON', words: undefined },
  { flag: '--help', summary: 'show this help', words: undefined },
]

function ownFlags(command: Command): readonly Flag[] {
  const own = Object.entries(command.options ?? {}).map(([name, option]) => ({
    flag: flagsOf(name, option).split(' ')[0] ?? '',
    summary: option.summary,
    words: option.kind === 'flag' ? undefined : wordsOf(option.parse),
  }))
  const common = new Set(COMMON.map(({ flag }) => flag))
  return [...own, ...flagsOfSettings(command).filter(({ flag }) => !common.has(flag))]
}

function wordsOf(parse: Parse<unknown>): readonly string[] {
  return parse.words ?? []
}

function firstWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]
}

const isSingle = ({ name }: Command): boolean => !name.includes(' ')

function bash(commands: readonly Command[]): string {
  const when = (pattern: string, words: readonly string[]): string => `    '${pattern}') words='${words.join(' ')}' ;;`
  const verbs = Object.keys(GROUPS).map((group) => {
    const words = commands
      .filter(({ name }) => name.startsWith(`${group} `))
      .map(({ name }) => name.split(' ')[1] ?? '')
    return when(group, words)
  })
  const chosen = commands.filter(isSingle).flatMap(({ name, args }) => {
    const words = Object.values(args ?? {}).map(({ parse }) => wordsOf(parse))[0] ?? []
    return words.length === 0 ? [] : [when(name, words)]
  })
  const options = (some: readonly Command[]): string[] =>
    some.map((command) =>
      when(
        command.name,
        [...ownFlags(command), ...COMMON].map(({ flag }) => flag),
      ),
    )
  const values = (some: readonly Command[]): string[] =>
    some.flatMap((command) =>
      ownFlags(command).flatMap(({ flag, words = [] }) =>
        words.length === 0 ? [] : [when(`${command.name} ${flag}`, words)],
      ),
    )
  const [singles, pairs] = [commands.filter(isSingle), commands.filter((command) => !isSingle(command))]
  return [
    '_gevulot() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=""',
    '  local one="${COMP_WORDS[1]}" two="${COMP_WORDS[1]} ${COMP_WORDS[2]}"',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words='${firstWords(commands).join(' ')} --help --version'`,
    '  elif [ "$COMP_CWORD" -eq 2 ]; then',
    '    case "$one" in',
    ...verbs,
    ...chosen,
    '    esac',
    '  fi',
    '  case "$one $before" in',
    ...values(singles),
    '  esac',
    '  case "$two $before" in',
    ...values(pairs),
    '  esac',
    '  if [ "${current:0:1}" = "-" ] && [ "$COMP_CWORD" -gt 1 ]; then',
    '    case "$two" in',
    ...options(pairs),
    '    esac',
    '    case "$one" in',
    ...options(singles),
    '    esac',
    '  fi',
    '  COMPREPLY=()',
    '  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi',
    '}',
    // Without an answer of ours the shell completes names of files, which it knows how to quote.
    'complete -o default -F _gevulot gevulot',
  ].join('\n')
}

function fish(commands: readonly Command[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const first = (word: string, what: string): string => `-n __fish_use_subcommand -f -a ${word} -d ${quote(what)}`
  const option = (condition: string, { flag, summary, words }: Flag): string =>
    [
      `-n ${quote(condition)} -l ${flag.slice(2)} -d ${quote(summary)}`,
      ...(words === undefined ? [] : words.length === 0 ? ['-r'] : [`-x -a ${quote(words.join(' '))}`]),
    ].join(' ')
  const lines = [
    ...Object.entries(GROUPS).map(([name, what]) => first(name, what)),
    ...commands.filter(isSingle).map(({ name, summary }) => first(name, summary)),
    ...COMMON.map((flag) => option('not __fish_use_subcommand', flag)),
  ]
  for (const command of commands) {
    const [group = '', verb] = command.name.split(' ')
    const seen = `__fish_seen_subcommand_from ${group}`
    if (verb === undefined) {
      const words = Object.values(command.args ?? {}).flatMap(({ parse }) => wordsOf(parse))
      if (words.length > 0) lines.push(`-n ${quote(seen)} -f -a ${quote(words.join(' '))}`)
    } else {
      const verbs = commands.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name.split(' ')[1])
      const fresh = `${seen}; and not __fish_seen_subcommand_from ${verbs.join(' ')}`
      lines.push(`-n ${quote(fresh)} -f -a ${verb} -d ${quote(command.summary)}`)
    }
    const here = verb === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${verb}`
    lines.push(...ownFlags(command).map((flag) => option(here, flag)))
  }
  return lines.map((line) => `complete -c gevulot ${line}`).join('\n')
}
