/** What follows from the command files of the CLI: the list of them, and their page in the docs. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import type { Command } from '../../sdk/src/cli/Command.js'
import { optionOf } from '../../sdk/src/cli/Context.js'
import { EXIT_CODES } from '../../sdk/src/cli/exitCodes.js'
import { flagsOf, GROUPS, shown } from '../../sdk/src/cli/program.js'
import { CONFIG_FILE, SETTINGS } from '../../sdk/src/cli/settings.js'
import { root } from './artifacts.js'

const directory = join(root, 'sdk/src/cli/commands')

export const cliIndexPath = join(directory, 'index.ts')
export const cliPagePath = join(root, 'docs/cli.md')

const namesOfCommands = (): string[] =>
  globSync('*.ts', { cwd: directory })
    .map((file) => basename(file, '.ts'))
    .filter((name) => name !== 'index')
    .sort()

/** `commands/index.ts` as it must be. */
export function expectedCliIndex(): string {
  const names = namesOfCommands()
  return [
    '// Made by `npm run gen` of the files in this folder.',
    "import type { Command } from '../Command.js'",
    ...names.map((name) => `import { ${name} } from './${name}.js'`),
    '',
    '/** Every command, by name. */',
    'export const commands: readonly Command[] = [',
    ...names.map((name) => `  ${name},`),
    ']',
    '',
  ].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

const sendingOptions = (): string =>
  SETTINGS.flatMap(({ name, sending }) => (sending === true ? [`\`${optionOf(name)}\``] : [])).join(' and ')

function section(command: Command): string[] {
  const args = Object.entries(command.args ?? {})
  const usage = args.map(([name, { optional }]) => (optional ? `[${name}]` : `<${name}>`))
  const rows = [
    ...args.map(([name, { summary }]) => [`\`${name}\``, summary, '']),
    ...Object.entries(command.options ?? {}).map(([name, option]) => [
      `\`${flagsOf(name, option)}\``,
      option.summary,
      option.kind === 'flag'
        ? ''
        : option.required
          ? 'required'
          : option.fallback === undefined
            ? ''
            : `\`${shown(option.fallback)}\``,
    ]),
  ]
  return [
    `### gevulot ${[command.name, ...usage].join(' ')}`,
    '',
    [`${command.summary}.`, command.details].filter(Boolean).join(' '),
    '',
    ...(rows.length === 0
      ? []
      : ['| | | Default |', '| --- | --- | --- |', ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`), '']),
    ...(command.sends === true ? [`Takes ${sendingOptions()} too, see [settings](#settings).`, ''] : []),
    '```',
    ...command.examples.map((example) => `gevulot ${example}`),
    '```',
    '',
  ]
}

/** `docs/cli.md` as it must be. */
export function expectedCliPage(commands: readonly Command[]): string {
  const group = (name: string): readonly Command[] => commands.filter((command) => command.name.startsWith(`${name} `))
  return [
    '# The command line',
    '',
    'Made by `npm run gen` of the commands themselves (`sdk/src/cli/commands/`, one file each). The package `@gevulot/sdk` installs it as `gevulot`.',
    '',
    '## Output',
    '',
    'Results go to standard output, notes about progress and errors to standard error. With `--json` a result is one line of JSON (commands that go',
    'on, such as `workload watch`, write one line an update), amounts are decimal text in token units (10^-18), and an error is',
    '`{"error":{"code","message","hint","retryable"}}`. Colours appear on a terminal only, and never with `NO_COLOR`. What takes longer than a second',
    'says on a terminal what it is, and for how long.',
    '',
    'Lines fit the terminal, from 80 columns on: texts are broken between words, an id that has no room beside its name stands below it, columns of ids',
    'that have no room go below their row, and long texts in tables lose their middle. What is to be copied is never cut or broken and may be wider: ids',
    'and digests, paths and addresses, command lines, API keys, scripts, CSV and lines of logs. Elsewhere nothing is cut or broken.',
    '',
    '| Exit code | Meaning |',
    '| --- | --- |',
    ...Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${meaning} |`),
    '',
    '## Settings',
    '',
    `An option wins over the environment, the environment over the file: that of \`--config\` or \`GEVULOT_CONFIG\`, else the nearest \`${CONFIG_FILE}\` in the`,
    'working directory or above it. Relative paths in the file start at its folder.',
    '',
    '| Option | Environment | File | |',
    '| --- | --- | --- | --- |',
    ...SETTINGS.map(
      ({ name, env, value, summary }) =>
        `| \`${optionOf(name)} <${value}>\` | \`${env}\` | \`${name}\` | ${cell(summary)} |`,
    ),
    '',
    `${sendingOptions()} are options of the commands that send transactions. Amounts are in gwei, at most 9 decimals, for each unit of gas; the fee of a workload is apart from`,
    'them. While gas costs more than that nothing is sent, and the command ends with 75: CHAIN_FEE_ABOVE_CAP.',
    '',
    'A key never stands on a command line. The password of a keystore comes from `GEVULOT_KEY_PASSWORD`, from the file that',
    '`GEVULOT_KEY_PASSWORD_FILE` names, or from the prompt.',
    '',
    '## Commands',
    '',
    ...commands.filter(({ name }) => !name.includes(' ')).flatMap(section),
    ...Object.keys(GROUPS).flatMap((name) => [
      `## ${name}: ${GROUPS[name] ?? ''}`,
      '',
      ...group(name).flatMap(section),
    ]),
    '## Adding a command',
    '',
    'One file in `sdk/src/cli/commands/` that exports a `defineCommand({ … })` under the name of the file, then `npm run gen`. Its `run` gets the',
    'parsed arguments and a `Context` (settings, clients, output, the signal that stops it) and returns the same facts as JSON and as lines. It loads',
    'what is heavy by `import()` inside `run`: a test refuses any static import that reaches a dependency besides the argument parser.',
    '',
  ].join('\n')
}

/** The list and the page as they are now. */
export function keptCliFiles(): { readonly index: string; readonly page: string } {
  return { index: readFileSync(cliIndexPath, 'utf8'), page: readFileSync(cliPagePath, 'utf8') }
}
