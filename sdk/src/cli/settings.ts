import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { cliError } from '../errors/codes/cli.js'
import type { Parse } from './Command.js'
import { gwei } from './parsers.js'

/** A setting that every command takes from an option, the environment, or the configuration file, in this order. */
export interface SettingField {
  /** Name in the configuration file; the option is the same in kebab case. */
  readonly name: SettingName
  readonly env: string
  /** What stands for the value in the help. */
  readonly value: string
  readonly summary: string
  /** Whether a relative path in the file is meant from the file's folder. */
  readonly path?: true
  /** Whether the file may hold a list. */
  readonly list?: true
  /** What reads its text, where that is no text; the file may then hold a number. */
  readonly parse?: Parse<unknown>
  /** Whether it is an option of those commands only that send transactions. */
  readonly sending?: true
}

/** Whether a place is anything but a path. */
function isUrl(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place)
}

/** Names of the settings. */
export type SettingName =
  'rpcUrl' | 'rpcFallbacks' | 'deployment' | 'keyFile' | 'store' | 'maxFeePerGas' | 'maxPriorityFeePerGas'

/** Every setting. Secrets are none of them: a key lives in its file, a password in the environment or a file. */
export const SETTINGS: readonly SettingField[] = [
  {
    name: 'rpcUrl',
    env: 'GEVULOT_RPC_URL',
    value: 'url',
    summary: 'JSON-RPC endpoint; if it holds an API key, use the environment or the file',
  },
  {
    name: 'rpcFallbacks',
    env: 'GEVULOT_RPC_FALLBACKS',
    value: 'urls',
    summary:
      'further endpoints of the same chain for when that one fails, with commas between them; a list in the file',
    list: true,
  },
  {
    name: 'deployment',
    env: 'GEVULOT_DEPLOYMENT',
    value: 'path',
    summary: 'deployment record, deployments/<chain id>.json',
    path: true,
  },
  {
    name: 'keyFile',
    env: 'GEVULOT_KEY_FILE',
    value: 'path',
    summary: 'encrypted keystore, or a file with 64 hexadecimal digits; mode 600',
    path: true,
  },
  {
    name: 'store',
    env: 'GEVULOT_STORE',
    value: 'place',
    summary:
      'where content is published and read: a directory, s3://bucket/path or kubo+http://host:5001/; to read only: https://… or ipfs://<CID>',
    path: true,
  },
  {
    name: 'maxFeePerGas',
    env: 'GEVULOT_MAX_FEE_PER_GAS',
    value: 'gwei',
    summary:
      'the most that a unit of gas may cost, base fee and tip together; nothing is sent while the base fee is above it',
    parse: gwei,
    sending: true,
  },
  {
    name: 'maxPriorityFeePerGas',
    env: 'GEVULOT_MAX_PRIORITY_FEE_PER_GAS',
    value: 'gwei',
    summary: 'the most of it that the maker of the block gets; by default what the endpoint suggests',
    parse: gwei,
    sending: true,
  },
]

/** The settings that are options of a command. */
export function settingsOf(command: { readonly sends?: true }): readonly SettingField[] {
  return SETTINGS.filter(({ sending }) => sending === undefined || command.sends === true)
}

/** The configuration file that is looked for in the working directory and above. */
export const CONFIG_FILE = 'gevulot.json'

const MAX_LEVELS = 64

/** Settings that are known. */
export type Settings = Readonly<Partial<Record<SettingName, string>>>

/**
 * Puts the settings together.
 * @param options Those given on the command line.
 * @param environment The process's environment.
 * @param configPath The file of `--config`; without it the nearest `gevulot.json`, if there is one.
 * @throws GevulotError CLI_CONFIG_INVALID
 */
export async function loadSettings(
  options: Settings,
  environment: Readonly<Record<string, string | undefined>>,
  configPath: string | undefined,
): Promise<Settings> {
  const path = configPath ?? environment['GEVULOT_CONFIG']
  const file = path === undefined ? await nearestFile(process.cwd()) : { path, text: await readNamed(path) }
  const values = file === undefined ? {} : parseFile(file.text, file.path)
  const settings: Partial<Record<SettingName, string>> = {}
  for (const { name, env, parse } of SETTINGS) {
    const value = options[name] ?? environment[env] ?? values[name]
    if (value === undefined || value === '') continue
    if (parse !== undefined) check(parse, value, environment[env] === undefined ? `${file?.path}: ${name}` : env)
    settings[name] = value
  }
  return settings
}

function check(parse: Parse<unknown>, value: string, where: string): void {
  try {
    parse(value)
  } catch (cause) {
    throw cliError('CLI_CONFIG_INVALID', `${where} ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

async function readNamed(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw cliError('CLI_CONFIG_INVALID', `cannot read the configuration file ${path}`, { cause })
  }
}

async function nearestFile(start: string): Promise<{ readonly path: string; readonly text: string } | undefined> {
  let directory = start
  for (let level = 0; level < MAX_LEVELS; level++) {
    const path = join(directory, CONFIG_FILE)
    try {
      return { path, text: await readFile(path, 'utf8') }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw cliError('CLI_CONFIG_INVALID', `cannot read the configuration file ${path}`, { cause: error })
      }
    }
    const parent = dirname(directory)
    if (parent === directory) return undefined
    directory = parent
  }
  return undefined
}

function parseFile(json: string, path: string): Settings {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw cliError('CLI_CONFIG_INVALID', `${path} is not JSON`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw cliError('CLI_CONFIG_INVALID', `${path} does not hold a JSON object`)
  }
  const settings: Partial<Record<SettingName, string>> = {}
  for (const [name, entry] of Object.entries(value)) {
    const field = SETTINGS.find((candidate) => candidate.name === name)
    if (field === undefined) throw cliError('CLI_CONFIG_INVALID', `${path}: ${JSON.stringify(name)} is not a field`)
    const isNumber = field.parse !== undefined && typeof entry === 'number'
    const text: unknown =
      field.list === true && Array.isArray(entry) ? entry.join(',') : isNumber ? String(entry) : entry
    if (typeof text !== 'string') throw cliError('CLI_CONFIG_INVALID', `${path}: ${name} is not a text`)
    const relative = field.path === true && !isAbsolute(text) && !isUrl(text)
    settings[field.name] = relative ? resolve(dirname(path), text) : text
  }
  return settings
}
