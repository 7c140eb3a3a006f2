import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { WorkloadRequest } from '../client/submission.js'
import { cliError } from '../errors/codes/cli.js'
import type { Parse } from './Command.js'
import { bytes32, integer, text, tokens } from './parsers.js'

/** A request of a file; without a fee it costs the least. */
export type FiledRequest = Omit<WorkloadRequest, 'fee'> & { readonly fee?: bigint }

/** Members of a request that have one value each, named and read as the options of `workload submit`. */
const FIELDS = {
  program: bytes32,
  inputs: text,
  publicInputsHash: bytes32,
  inputsUri: text,
  maxRunTime: integer(1, 86_400),
  redundancy: integer(1, 8),
  rescue: integer(50, 100),
  fee: tokens,
} as const
type Fields = { -readonly [Name in keyof typeof FIELDS]?: (typeof FIELDS)[Name] extends Parse<infer T> ? T : never }

/**
 * Reads requests from a file: a JSON array, or one JSON object a line. Paths of inputs start at the folder of the file.
 * @throws GevulotError CLI_USAGE, which says which request is wrong, counted from 0
 */
export async function readRequests(path: string): Promise<FiledRequest[]> {
  const content = await readFile(path, 'utf8')
  const entries = content.trimStart().startsWith('[') ? arrayOf(path, content) : linesOf(path, content)
  if (entries.length === 0) throw cliError('CLI_USAGE', `${path} has no requests`)
  return entries.map((entry, index) => {
    try {
      return requestOf(entry, dirname(resolve(path)))
    } catch (error) {
      throw cliError('CLI_USAGE', `${path}, request ${index}: ${(error as Error).message}`)
    }
  })
}

/** The files of this machine that requests publish. */
export function filesOf(requests: readonly FiledRequest[]): string[] {
  const contents = requests.flatMap(({ inputs }) => ('files' in inputs ? Object.values(inputs.files) : []))
  return [...new Set(contents.flatMap((content) => ('path' in content ? [content.path] : [])))]
}

function arrayOf(path: string, content: string): readonly unknown[] {
  try {
    return JSON.parse(content) as readonly unknown[]
  } catch (cause) {
    throw cliError('CLI_USAGE', `${path} is no JSON: ${(cause as Error).message}`, { cause })
  }
}

function linesOf(path: string, content: string): readonly unknown[] {
  return content.split('\n').flatMap((line, index): unknown[] => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line)]
    } catch (cause) {
      throw cliError('CLI_USAGE', `${path}, line ${index + 1} is no JSON: ${(cause as Error).message}`, { cause })
    }
  })
}

/** @throws Error that says what is wrong */
function requestOf(entry: unknown, folder: string): FiledRequest {
  if (!isObject(entry)) throw new Error('must be an object')
  const { input, arg = [], ...rest } = entry
  const { program, maxRunTime, inputs: digest, publicInputsHash, ...terms } = fieldsOf(rest)
  if (program === undefined || maxRunTime === undefined) throw new Error('program and maxRunTime are needed')
  if ((digest === undefined) === (input === undefined))
    throw new Error('either input is needed, or inputs with publicInputsHash')
  if ((digest === undefined) !== (publicInputsHash === undefined))
    throw new Error('inputs and publicInputsHash belong together')
  if (digest !== undefined && publicInputsHash !== undefined) {
    if ('arg' in entry) throw new Error('arg belongs to input: inputs that are published have theirs')
    return { program, maxRunTime, ...terms, inputs: { digest, publicInputs: publicInputsHash } }
  }
  if (!isObject(input)) throw new Error('input must be an object of names and paths')
  if (!Array.isArray(arg) || !arg.every(isText)) throw new Error('arg must be an array of texts')
  const files = Object.entries(input).map(([name, place]) => {
    if (!isText(place) || place === '') throw new Error(`input ${name} must be a path`)
    return [name, { path: resolve(folder, place) }] as const
  })
  return { program, maxRunTime, ...terms, inputs: { args: arg, files: Object.fromEntries(files) } }
}

function fieldsOf(entry: Readonly<Record<string, unknown>>): Fields {
  const read = Object.entries(entry).map(([name, value]) => {
    if (!Object.hasOwn(FIELDS, name)) throw new Error(`${JSON.stringify(name)} is unknown`)
    if (!isText(value) && typeof value !== 'number') throw new Error(`${name} must be a text or a number`)
    try {
      return [name, FIELDS[name as keyof Fields](String(value))] as const
    } catch (error) {
      throw new Error(`${name} ${(error as Error).message}`, { cause: error })
    }
  })
  return Object.fromEntries(read)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
