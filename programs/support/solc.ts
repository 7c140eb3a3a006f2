import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { REPOSITORY } from './pinned.js'

interface Solc {
  compile(input: string, callbacks: { import(path: string): { contents: string } }): string
}

interface Output {
  readonly errors?: ReadonlyArray<{ readonly severity: string; readonly formattedMessage: string }>
  readonly contracts?: Readonly<
    Record<string, Readonly<Record<string, { readonly evm: { readonly bytecode: { readonly object: string } } }>>>
  >
}

const compiled = new Map<string, Uint8Array>()

/** A verifier contract is deployed once and called for every proof: its code may be longer if that makes a call cheaper. */
const RUNS = 10_000

/**
 * The creation code of a verifier contract, compiled with the settings of the deployment (hardhat.config.ts) but for more optimizer runs,
 * once a process.
 * @param texts Contents of sources that are not in the tree, by their path
 */
export function creationCode(source: string, name: string, texts: Readonly<Record<string, string>> = {}): Uint8Array {
  const key = JSON.stringify([source, name, texts])
  const known = compiled.get(key)
  if (known !== undefined) return known
  const code = compile(source, name, texts)
  compiled.set(key, code)
  return code
}

function compile(source: string, name: string, texts: Readonly<Record<string, string>>): Uint8Array {
  const solc = createRequire(import.meta.url)('solc') as Solc
  const contents = (path: string): { contents: string } => ({
    contents: texts[path] ?? readFileSync(join(REPOSITORY, path), 'utf8'),
  })
  const input = {
    language: 'Solidity',
    sources: { [source]: { content: contents(source).contents } },
    settings: {
      evmVersion: 'prague',
      optimizer: { enabled: true, runs: RUNS },
      outputSelection: { [source]: { [name]: ['evm.bytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: contents })) as Output
  const code = output.contracts?.[source]?.[name]?.evm.bytecode.object
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (code === undefined || errors.length > 0)
    throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  return Buffer.from(code, 'hex')
}
