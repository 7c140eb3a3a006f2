import { decodeManifest } from './manifestJson.js'
import { FILE_NAME } from './PackageManifest.js'
import { readChoice, readInteger, readList, readObject, readSha256, readText, ShapeError } from './shape.js'

/** One input file; it appears as `/in/<name>`. */
export interface InputFile {
  readonly name: string
  /** 64 hexadecimal digits. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

/** The manifest of a workload's inputs. Source: docs/program-contract.md. */
export interface InputsManifest {
  readonly schema: 'gevulot/inputs@1'
  readonly args: readonly string[]
  /** Sorted by name; `public_inputs` is among them. */
  readonly files: readonly InputFile[]
}

/** The most bytes of an inputs manifest. */
export const MAX_INPUTS_MANIFEST_BYTES = 1 << 20

/** The file every workload has: what the proof is about. */
export const PUBLIC_INPUTS = 'public_inputs'

// Names that the runtime itself puts into /in.
const RESERVED: readonly string[] = ['job.json', 'proof']

/**
 * Reads the canonical bytes of an inputs manifest.
 * @throws GevulotError CONTENT_MANIFEST_INVALID
 */
export function parseInputsManifest(bytes: Uint8Array): InputsManifest {
  return decodeManifest(bytes, MAX_INPUTS_MANIFEST_BYTES, readInputsManifest)
}

function readInputsManifest(value: unknown): InputsManifest {
  const members = readObject(value, 'manifest', ['schema', 'args', 'files'])
  const files = readList(members['files'], 'files', 1024, readFile)
  files.forEach((file, index) => {
    const before = files[index - 1]
    if (before !== undefined && !(before.name < file.name))
      throw new ShapeError(`files[${index}] is not in ascending order of names`)
  })
  if (!files.some((file) => file.name === PUBLIC_INPUTS)) throw new ShapeError(`the file ${PUBLIC_INPUTS} is missing`)
  return {
    schema: readChoice(members['schema'], 'schema', ['gevulot/inputs@1']),
    args: readList(members['args'], 'args', 256, (item, at) => readText(item, at, 65_536)),
    files,
  }
}

function readFile(value: unknown, at: string): InputFile {
  const members = readObject(value, at, ['name', 'sha256', 'size'])
  const name = readText(members['name'], `${at}.name`, 128, FILE_NAME)
  if (RESERVED.includes(name)) throw new ShapeError(`${at}.name is reserved: ${name}`)
  return {
    name,
    sha256: readSha256(members['sha256'], `${at}.sha256`),
    size: readInteger(members['size'], `${at}.size`, 0, 2 ** 40),
  }
}
