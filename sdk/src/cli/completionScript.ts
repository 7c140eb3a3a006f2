import type { Command } from './Command.js'
import { optionOf } from './Context.js'
import { GROUPS, flagsOf } from './program.js'
import { SETTINGS } from './settings.js'

/** Shells that can be completed. */
export type Shell = 'bash' | 'zsh' | 'fish'

/** A script that teaches a shell the commands and their options. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  return shell === 'fish'
    ? fish(commands)
    : `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}${bash(commands)}`
}

function optionsOf(command: Command): string[] {
  const own = Object.entries(command.options ?? {}).map(([name, option]) => flagsOf(name, option).split(' ')[0] ?? '')
  return [...own, ...SETTINGS.map(({ name }) => optionOf(name)), '--config', '--json', '--help']
}

function firstWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]
}

function bash(commands: readonly Command[]): string {
  const groups = firstWords(commands).filter((word) => word in GROUPS)
  const verbs = groups.map((group) => {
    const words = commands.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name.split(' ')[1])
    return `    ${group}) words='${words.join(' ')}' ;;`
  })
  const options = commands.map((command) => `    '${command.name}') words='${optionsOf(command).join(' ')}' ;;`)
  return [
    '_gevulot() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" words=""',
    '  local one="${COMP_WORDS[1]}" two="${COMP_WORDS[1]} ${COMP_WORDS[2]}"',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words='${firstWords(commands).join(' ')} --help --version'`,
    '  elif [ "$COMP_CWORD" -eq 2 ]; then',
    '    case "$one" in',
    ...verbs,
    '    esac',
    '  fi',
    '  if [ "${current:0:1}" = "-" ] && [ "$COMP_CWORD" -gt 1 ]; then',
    '    case "$two" in',
    ...options.filter((line) => / .* '\)|^ {4}'\S+ \S+'\)/.test(line)),
    '    esac',
    '    case "$one" in',
    ...options.filter((line) => /^ {4}'\S+'\)/.test(line)),
    '    esac',
    '  fi',
    '  if [ -n "$words" ]; then',
    '    COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  else',
    '    COMPREPLY=($(compgen -f -- "$current"))',
    '  fi',
    '}',
    'complete -F _gevulot gevulot',
  ].join('\n')
}

function fish(commands: readonly Command[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`
  const singles = commands.filter(({ name }) => !name.includes(' '))
  const lines = [
    ...Object.entries(GROUPS).map(([name, what]) => `-n __fish_use_subcommand -f -a ${name} -d ${quote(what)}`),
    ...singles.map(({ name, summary }) => `-n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`),
  ]
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ')
    const seen = second === undefined ? '' : `; and __fish_seen_subcommand_from ${second}`
    if (second !== undefined) {
      const verbs = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.split(' ')[1])
      const fresh = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${verbs.join(' ')}`
      lines.push(`-n ${quote(fresh)} -f -a ${second} -d ${quote(command.summary)}`)
    }
    for (const option of optionsOf(command)) {
      lines.push(`-n ${quote(`__fish_seen_subcommand_from ${first}${seen}`)} -l ${option.slice(2)}`)
    }
  }
  return lines.map((line) => `complete -c gevulot ${line}`).join('\n')
}
