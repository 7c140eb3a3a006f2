import { decodeManifest } from './manifestJson.js'
import {
  readChoice,
  readInteger,
  readList,
  readObject,
  readRecord,
  readSha256,
  readText,
  ShapeError,
  utf8,
} from './shape.js'

/** What a program is for. */
export type ProgramRole = 'prove' | 'verify'

/** What a program needs. */
export interface ProgramResources {
  readonly cores: number
  readonly memoryMiB: number
  readonly outputMiB: number
  /** Graphics cards for itself; absent means none. */
  readonly gpus?: number
}

/** One file of a package; it appears below `/app`. */
export interface PackageFile {
  /** Relative, `/`-separated, without `.` and `..`. */
  readonly path: string
  /** 64 hexadecimal digits. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  readonly mode: '0644' | '0755'
}

/** How an exit code of a command package is read. */
export type CommandVerdict = 'ok' | 'error' | 'valid' | 'invalid'

/** Makes an unmodified tool a program: the runtime composes the result that the tool does not write. */
export interface CommandSpec {
  /** Result files by name, each a path `/out/<file>`. */
  readonly outputs: Readonly<Record<string, string>>
  /** Verdicts by exit code (decimal text); every other code is a failure. */
  readonly exit: Readonly<Record<string, CommandVerdict>>
}

/** A program made for Gevulot's own file shim: how its result is read. */
export interface ShimSpec {
  /** A prover's file that is the proof, a name in `/workspace`; without it the result's data are. */
  readonly proof?: string
  /** A verifier's data that mean "valid", in hexadecimal digits; all other data mean "invalid". */
  readonly valid?: string
}

/** The manifest of a package. Source: docs/program-contract.md, design section 8. */
export interface PackageManifest {
  readonly schema: 'gevulot/package@1'
  readonly name: string
  readonly role: ProgramRole
  /** `argv[0]` is the path of an x86-64 ELF below `/app`. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly resources: ProgramResources
  /** Sorted by path. */
  readonly files: readonly PackageFile[]
  readonly labels: readonly string[]
  readonly command?: CommandSpec
  /** Not together with `command`. */
  readonly shim?: ShimSpec
}

/** The most bytes of a package manifest: room for some ten thousand files. */
export const MAX_PACKAGE_MANIFEST_BYTES = 4 << 20

/** A name that a program may give to a file in `/in` or `/out`: one plain path component. */
export const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

const MAX_FILES = 20_000
const MAX_FILE_BYTES = 2 ** 40
const VERDICTS: Readonly<Record<ProgramRole, readonly CommandVerdict[]>> = {
  prove: ['ok', 'error'],
  verify: ['valid', 'invalid', 'error'],
}

/**
 * Reads the canonical bytes of a package manifest.
 * @throws GevulotError CONTENT_MANIFEST_INVALID
 */
export function parsePackageManifest(bytes: Uint8Array): PackageManifest {
  return decodeManifest(bytes, MAX_PACKAGE_MANIFEST_BYTES, readPackageManifest)
}

/** Checks the shape of a package manifest; throws ShapeError. */
export function readPackageManifest(value: unknown): PackageManifest {
  // prettier-ignore
  const members = readObject(
    value, 'manifest', ['schema', 'name', 'role', 'argv', 'env', 'resources', 'files', 'labels'], ['command', 'shim'],
  )
  const role = readChoice(members['role'], 'role', ['prove', 'verify'])
  const files = readList(members['files'], 'files', MAX_FILES, readFile)
  checkPaths(files)
  const manifest: PackageManifest = {
    schema: readChoice(members['schema'], 'schema', ['gevulot/package@1']),
    name: readText(members['name'], 'name', 128, /^[A-Za-z0-9][A-Za-z0-9._ -]*$/),
    role,
    argv: readList(members['argv'], 'argv', 256, (item, at) => readText(item, at, 8192)),
    env: readEnvironment(members['env']),
    resources: readResources(members['resources']),
    files,
    labels: readList(members['labels'], 'labels', 32, (item, at) => readText(item, at, 256)),
  }
  const executable = manifest.argv[0]
  if (!files.some((file) => `/app/${file.path}` === executable && file.mode === '0755')) {
    throw new ShapeError('argv[0] is not an executable file of the package')
  }
  if (members['shim'] !== undefined) {
    if (members['command'] !== undefined) throw new ShapeError('manifest has both command and shim')
    return { ...manifest, shim: readShim(members['shim'], role) }
  }
  if (members['command'] === undefined) return manifest
  return { ...manifest, command: readCommand(members['command'], role) }
}

function readFile(value: unknown, at: string): PackageFile {
  const members = readObject(value, at, ['path', 'sha256', 'size', 'mode'])
  return {
    path: readPath(members['path'], `${at}.path`),
    sha256: readSha256(members['sha256'], `${at}.sha256`),
    size: readInteger(members['size'], `${at}.size`, 0, MAX_FILE_BYTES),
    mode: readChoice(members['mode'], `${at}.mode`, ['0644', '0755']),
  }
}

function readPath(value: unknown, at: string): string {
  const path = readText(value, at, 1024)
  const parts = path.split('/')
  if (parts.length > 32) throw new ShapeError(`${at} is nested too deeply`)
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..' || utf8.encode(part).length > 255) {
      throw new ShapeError(`${at} is not a plain relative path: ${JSON.stringify(path.slice(0, 80))}`)
    }
  }
  return path
}

/** Paths ascend strictly (so none is repeated and one package has one manifest), and no file is also a directory. */
function checkPaths(files: readonly PackageFile[]): void {
  const paths = new Set(files.map((file) => file.path))
  files.forEach((file, index) => {
    const before = files[index - 1]
    if (before !== undefined && !(before.path < file.path))
      throw new ShapeError(`files[${index}] is not in ascending order of paths`)
    for (let at = file.path.indexOf('/'); at >= 0; at = file.path.indexOf('/', at + 1)) {
      if (paths.has(file.path.slice(0, at))) throw new ShapeError(`files[${index}] lies below another file`)
    }
  })
}

function readEnvironment(value: unknown): Record<string, string> {
  const members = Object.entries(readRecord(value, 'env'))
  if (members.length > 128) throw new ShapeError('env has more than 128 members')
  return Object.fromEntries(
    members.map(([key, text]) => [
      readText(key, 'a name in env', 128, /^[A-Za-z_][A-Za-z0-9_]*$/),
      readText(text, `env.${key}`, 8192),
    ]),
  )
}

function readResources(value: unknown): ProgramResources {
  const members = readObject(value, 'resources', ['cores', 'memoryMiB', 'outputMiB'], ['gpus'])
  return {
    cores: readInteger(members['cores'], 'resources.cores', 1, 512),
    memoryMiB: readInteger(members['memoryMiB'], 'resources.memoryMiB', 16, 1 << 22),
    outputMiB: readInteger(members['outputMiB'], 'resources.outputMiB', 1, 1 << 16),
    // Absent rather than 0, so that one package has one manifest.
    ...(members['gpus'] !== undefined && { gpus: readInteger(members['gpus'], 'resources.gpus', 1, 16) }),
  }
}

function readCommand(value: unknown, role: ProgramRole): CommandSpec {
  const members = readObject(value, 'command', ['outputs', 'exit'])
  const outputs = Object.entries(readRecord(members['outputs'], 'command.outputs'))
  const exit = Object.entries(readRecord(members['exit'], 'command.exit'))
  if (outputs.length > 64 || exit.length > 256) throw new ShapeError('command has too many outputs or exit codes')
  if (role === 'prove' && !outputs.some(([name]) => name === 'proof'))
    throw new ShapeError('command.outputs names no proof')
  return {
    outputs: Object.fromEntries(
      outputs.map(([name, path]) => [
        readText(name, 'a name in command.outputs', 128, FILE_NAME),
        readText(path, `command.outputs.${name}`, 133, /^\/out\/[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/),
      ]),
    ),
    exit: Object.fromEntries(
      exit.map(([code, verdict]) => [
        readText(code, 'a code in command.exit', 3, /^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/),
        readChoice(verdict, `command.exit.${code}`, VERDICTS[role]),
      ]),
    ),
  }
}

/** What a verifier's "valid" looks like must be said: the shim itself knows only results and errors. */
function readShim(value: unknown, role: ProgramRole): ShimSpec {
  const members = readObject(value, 'shim', role === 'verify' ? ['valid'] : [], role === 'prove' ? ['proof'] : [])
  if (role === 'verify') return { valid: readText(members['valid'], 'shim.valid', 1024, /^([0-9a-f]{2})*$/) }
  return members['proof'] === undefined ? {} : { proof: readText(members['proof'], 'shim.proof', 128, FILE_NAME) }
}
