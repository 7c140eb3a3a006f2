import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import type { CompiledCircuit } from '@noir-lang/noir_js'

import { fileOfTar, gunzipped } from '../../sdk/src/runtime/nanos/tar.js'
import { REPOSITORY } from '../support/pinned.js'

/** Where Aztec publishes the circuit. 55 MB, and not needed for anything else: so no dependency of the tree, but fetched when it is. */
const PACKAGE = '@aztec/noir-protocol-circuits-types@5.0.0'
/** sha-512 of the package, as npm's `integrity` says it. */
const INTEGRITY = 'K7aH84m85JjKjcQjmyAJVMfsgDGFlnFj+7R5uDg8SeNKiKDFEbOLy/LP8NHg0TCrXgSkBIRVxw+9tdm1huPCLA=='
const ARTIFACT = 'parity_base.json'
const SHA256 = 'b051a4de0c63ae38ae83ff3713d82567d971199b22215f62c0dc7dafc843a9e3'
const MAX_FILE = 64 * 2 ** 20
const MAX_PACKAGE = 2 ** 30
const FETCH_MS = 10 * 60_000

/** Where the artifact is kept. */
const KEPT = join(REPOSITORY, '.gevulot', 'aztec-circuits', '5.0.0', ARTIFACT)

let loaded: Promise<CompiledCircuit> | undefined

/**
 * Aztec's circuit as published; fetched once with `npm pack` and kept in `.gevulot/aztec-circuits`. Debug information is left out.
 * @throws Error If npm cannot fetch it, or what came is not the pinned package
 */
export function circuit(): Promise<CompiledCircuit> {
  return (loaded ??= load())
}

/** The file that bb reads. */
export async function circuitFile(): Promise<Uint8Array> {
  return Buffer.from(JSON.stringify(await circuit()))
}

async function load(): Promise<CompiledCircuit> {
  const artifact = (await readKept()) ?? (await fetchArtifact())
  const { abi, bytecode } = JSON.parse(artifact.toString()) as CompiledCircuit
  return { abi, bytecode, debug_symbols: '', file_map: {} }
}

async function readKept(): Promise<Buffer | undefined> {
  const kept = await readFile(KEPT).catch(() => undefined)
  return kept !== undefined && digestOf(kept) === SHA256 ? kept : undefined
}

async function fetchArtifact(): Promise<Buffer> {
  await mkdir(dirname(KEPT), { recursive: true })
  const directory = await mkdtemp(join(dirname(KEPT), 'fetch-'))
  try {
    console.error(`Fetching ${PACKAGE} with npm (55 MB, once) for Aztec's circuit`)
    const tarball = join(directory, await pack(directory))
    const hash = createHash('sha512')
    for await (const chunk of createReadStream(tarball)) hash.update(chunk as Buffer)
    const integrity = hash.digest('base64')
    if (integrity !== INTEGRITY)
      throw new Error(`${PACKAGE} is not as pinned: have sha512-${integrity}, want sha512-${INTEGRITY}`)
    const artifact = await fileOfTar(gunzipped(tarball), ARTIFACT, MAX_FILE, MAX_PACKAGE)
    if (artifact === undefined || digestOf(artifact) !== SHA256) throw new Error(`${PACKAGE} holds another ${ARTIFACT}`)
    // Two builds at the same time must not read half a file of each other.
    await writeFile(join(directory, ARTIFACT), artifact)
    await rename(join(directory, ARTIFACT), KEPT)
    return artifact
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** @returns the tarball's name */
async function pack(directory: string): Promise<string> {
  const cli = process.env['npm_execpath']
  const [command, ...args] = cli === undefined ? ['npm'] : [process.execPath, cli]
  const wanted = ['pack', PACKAGE, '--json', '--ignore-scripts', '--pack-destination', directory]
  try {
    const options = { cwd: directory, timeout: FETCH_MS, maxBuffer: 2 ** 26 }
    const { stdout } = await promisify(execFile)(command, [...args, ...wanted], options)
    const [{ filename } = { filename: '' }] = JSON.parse(stdout) as { filename: string }[]
    return filename
  } catch (error) {
    throw new Error(`npm cannot fetch ${PACKAGE}, which holds Aztec's circuit; try: npm pack ${PACKAGE}`, {
      cause: error,
    })
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
