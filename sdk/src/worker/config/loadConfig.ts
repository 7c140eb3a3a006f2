import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { workerError } from '../../errors/codes/worker.js'
import type { ConfigOf, ConfigTable } from './ConfigField.js'
import { workerMistakes } from '../key/openSigner.js'
import { endpointMistakes } from './endpointMistakes.js'
import { nearestName } from './nearestName.js'
import { proofMistakes } from './proofMistakes.js'
import { standbyMistakes } from './standbyMistakes.js'
import { ROLES, WORKER_FIELDS, type Role, type WorkerConfig } from './WorkerConfig.js'

const LONGEST_SHOWN = 80
const PREFIX = 'GEVULOT_'

/**
 * Reads the worker's configuration: the file at `path`, if there is one, and above it the environment.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function loadConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<WorkerConfig> {
  return loadTable(WORKER_FIELDS, path, environment, (config) => [
    ...workerMistakes(config),
    ...roleMistakes(config),
    ...standbyMistakes(config),
    ...proofMistakes(config),
    ...endpointMistakes(config),
  ])
}

/** Reads only what a daemon is, whatever else is wrong: the rest of the configuration depends on it. */
export async function loadRoles(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Role[]> {
  const { env, parse } = WORKER_FIELDS.roles
  const given = environment[env] ?? (path === undefined ? undefined : (await readJsonObject(path))['roles'])
  try {
    return given === undefined ? ROLES : parse(given)
  } catch {
    return ROLES
  }
}

function roleMistakes({ roles, databaseUrl }: Partial<WorkerConfig>): string[] {
  if (roles === undefined || databaseUrl === undefined) return []
  if (roles.length === 0) return ['roles (GEVULOT_ROLES) is empty; it names coordinator, runner, or both']
  if (roles.includes('runner') || databaseUrl.reveal() !== '') return []
  return [
    'databaseUrl (DATABASE_URL) is missing, and roles (GEVULOT_ROLES) names the coordinator alone: its runners are found there, for example postgres://user:password@host:5432/database',
  ]
}

/**
 * Reads a configuration: a JSON file, overruled by the environment, filled up with defaults. All mistakes are reported
 * together, and unknown fields count as mistakes: a misspelt limit must not silently fall back to its default. Relative paths in the file start at
 * its folder, those in the environment at the working directory.
 * @param path JSON file; none: the environment alone.
 * @param compare Says what is wrong with fields that are right by themselves; those with a mistake of their own are missing.
 * @param unknown Says what is wrong with a field that the table does not have.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function loadTable<Table extends ConfigTable>(
  table: Table,
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  compare: (config: Partial<ConfigOf<Table>>) => readonly string[] = () => [],
  unknown: (name: string) => string = (name) => notAField(name, Object.keys(table)),
): Promise<ConfigOf<Table>> {
  const file = path === undefined ? {} : await readJsonObject(path)
  const mistakes = Object.keys(file)
    .filter((name) => !Object.hasOwn(table, name))
    .map(unknown)
  mistakes.push(...misspelt(environment, table))
  const config: Record<string, unknown> = {}
  for (const [name, { env, parse, fallback, secret }] of Object.entries(table)) {
    const given = environment[env] ?? file[name]
    const base = path === undefined || environment[env] !== undefined ? '.' : dirname(path)
    const isMissing = given === undefined && fallback === undefined
    try {
      // What is missing is refused too, and the refusal says what is wanted.
      config[name] = given === undefined && !isMissing ? fallback : parse(given, base)
      if (isMissing) mistakes.push(`${name} (${env}) is missing`)
    } catch (error) {
      const wish = error instanceof Error ? error.message : String(error)
      if (isMissing) mistakes.push(`${name} (${env}) is missing: it ${wish}`)
      else mistakes.push(`${name} (${env}) ${wish}${secret ? '' : `, not ${shown(given)}`}`)
    }
  }
  mistakes.push(...compare(config as Partial<ConfigOf<Table>>))
  if (mistakes.length > 0) {
    throw workerError('WORKER_CONFIG_INVALID', `the configuration is wrong: ${mistakes.join('; ')}`, {
      details: { mistakes },
    })
  }
  // Every field of the table was set above from its own parser.
  return config as ConfigOf<Table>
}

function notAField(name: string, names: readonly string[]): string {
  const meant = nearestName(name, names, 2)
  return `${name} is not a field${meant === undefined ? '' : `; ${meant} is one`}`
}

/** Variables that are none of ours, but nearly: a misspelt limit must not fall back to its default here either. Others may belong to another program. */
function misspelt(environment: Readonly<Record<string, string | undefined>>, table: ConfigTable): string[] {
  const names = Object.values(table).map(({ env }) => env)
  // Not all of ours begin like the others, so whoever knows those writes them so.
  const written = new Map(names.map((name) => [name.startsWith(PREFIX) ? name : `${PREFIX}${name}`, name]))
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !names.includes(name))
    .flatMap((name) => {
      // Names of different variables can be two letters apart.
      const meant = written.get(nearestName(name, [...written.keys()], 1) ?? '')
      return meant === undefined ? [] : [`${name} is no variable of the configuration; ${meant} is one`]
    })
}

/** A value that was refused, as it was written, without the passwords of its URLs. */
function shown(value: unknown): string {
  const text = JSON.stringify(value).replace(/\/\/[^/"]*@/g, '//…@')
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}

async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw workerError('WORKER_CONFIG_INVALID', `cannot read ${path}: ${why}`, { cause })
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // Without the error itself: its words repeat what stands around the mistake, which may be part of a key.
    throw workerError('WORKER_CONFIG_INVALID', `cannot read ${path} as JSON${placeIn(text, String(error))}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw workerError('WORKER_CONFIG_INVALID', `${path} does not hold a JSON object`)
}

/** Where a text stops being JSON, as far as the parser's words tell: its position, or what it quotes from there. */
function placeIn(text: string, words: string): string {
  const position = /at position (\d+)/.exec(words)?.[1]
  const quoted = /"([^]*)"(?:\.\.\.)? is not valid JSON$/.exec(words)?.[1]
  const at = position === undefined ? (quoted === undefined ? -1 : text.indexOf(quoted)) : Number(position)
  return at < 0 ? '' : `: it stops being JSON in or after line ${text.slice(0, at).split('\n').length}`
}
