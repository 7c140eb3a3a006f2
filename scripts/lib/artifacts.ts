/** Reads what `hardhat build` made of our own contracts. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface AbiItem {
  readonly type: string
  readonly name?: string
  readonly inputs?: readonly { readonly name: string }[] | undefined
}

export interface Artifact {
  readonly contractName: string
  /** For example `contracts/Market.sol`. */
  readonly sourceName: string
  /** Name of the source in the compiler's input and output. */
  readonly inputSourceName: string
  readonly buildInfoId: string
  readonly abi: readonly AbiItem[]
  readonly bytecode: string
  readonly deployedBytecode: string
}

/** A node of the compiler's syntax tree, as far as we read it. */
export interface AstNode {
  readonly nodeType: string
  readonly name?: string
  readonly nodes?: readonly AstNode[]
  readonly documentation?: { readonly text: string }
  readonly parameters?: { readonly parameters: readonly AstNode[] }
  readonly returnParameters?: { readonly parameters: readonly AstNode[] }
  readonly src: string
}

export interface StorageLayout {
  readonly storage: readonly {
    readonly label: string
    readonly slot: string
    readonly offset: number
    readonly type: string
  }[]
  readonly types: Readonly<Record<string, { readonly label: string; readonly numberOfBytes: string }>> | null
}

export interface CompilerOutput {
  readonly errors?: readonly {
    readonly severity: string
    readonly formattedMessage: string
    readonly sourceLocation?: { readonly file: string }
  }[]
  readonly sources: Readonly<Record<string, { readonly ast: AstNode }>>
  readonly contracts: Readonly<Record<string, Readonly<Record<string, { readonly storageLayout?: StorageLayout }>>>>
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

/** Artifacts of `contracts/` (not of tests or packages), by path. */
export function artifacts(): Artifact[] {
  const paths = globSync('artifacts/contracts/**/*.json', { cwd: root }).sort()
  if (paths.length === 0) throw new Error('nothing is built yet: run `npm run build` first')
  return paths.map((path) => readJson<Artifact>(join(root, path)))
}

/** What is deployed: contracts with code that can be called, so no abstract contracts and no internal libraries. */
export function deployable(): Artifact[] {
  return artifacts().filter(({ bytecode, abi }) => bytecode !== '0x' && abi.some(({ type }) => type === 'function'))
}

const outputs = new Map<string, CompilerOutput>()

/** The whole output of the compiler run with this id. */
export function compilerOutput(buildInfoId: string): CompilerOutput {
  let output = outputs.get(buildInfoId)
  if (output === undefined) {
    output = readJson<{ output: CompilerOutput }>(
      join(root, 'artifacts/build-info', `${buildInfoId}.output.json`),
    ).output
    outputs.set(buildInfoId, output)
  }
  return output
}

/** Ids of the compiler runs whose results are kept. */
export function buildInfoIds(): string[] {
  const suffix = '.output.json'
  return globSync(`*${suffix}`, { cwd: join(root, 'artifacts/build-info') }).map((name) =>
    name.slice(0, -suffix.length),
  )
}

/** What the compiler read in this run: source texts by source name. */
export function compilerInput(buildInfoId: string): Readonly<Record<string, { readonly content: string }>> {
  const path = join(root, 'artifacts/build-info', `${buildInfoId}.json`)
  return readJson<{ input: { sources: Record<string, { content: string }> } }>(path).input.sources
}
