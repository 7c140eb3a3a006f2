import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type BuiltPackage, type ContentStore, fetchPackage } from '../../sdk/src/content/index.js'
import type { RunOutcome, Runtime } from '../../sdk/src/runtime/index.js'

/** Whom a run is for. */
export interface RunContext {
  /** Workload id, `0x` and 64 digits. */
  readonly workload: string
  /** The prover's address, `0x` and 40 digits. */
  readonly prover: string
  /** Where packages are kept from one run to the next; by default nowhere. */
  readonly cacheDirectory?: string
  /** How long it may run; default a quarter of an hour. */
  readonly seconds?: number
}

/**
 * Runs a package of a store in a runtime, as a prover or a validator would.
 * @param inputs Files of `/in`; for a verifier with `proof`.
 * @returns how it ended, and the files it left
 */
export async function runPackage(
  runtime: Runtime,
  { digest, manifest }: BuiltPackage,
  store: ContentStore,
  inputs: Readonly<Record<string, Uint8Array>>,
  { cacheDirectory, seconds = 900, ...context }: RunContext,
): Promise<{ readonly outcome: RunOutcome; readonly files: ReadonlyMap<string, Uint8Array> }> {
  const directory = await mkdtemp(join(tmpdir(), 'gevulot-program-'))
  try {
    const [input, output] = [join(directory, 'in'), join(directory, 'out')]
    await mkdir(input)
    await mkdir(output)
    for (const [name, bytes] of Object.entries(inputs)) await writeFile(join(input, name), bytes)
    const { cores, memoryMiB, outputMiB } = manifest.resources
    const outcome = await runtime.run({
      package: await fetchPackage(digest, store, cacheDirectory ?? join(directory, 'cache')),
      inputs: Object.keys(inputs).map((name) => ({ name, path: join(input, name) })),
      args: [],
      role: manifest.role,
      ...context,
      limits: { cores, memoryMiB, outputMiB, seconds, logBytes: 65_536 },
      outputDirectory: output,
    })
    const files = new Map<string, Uint8Array>()
    for (const file of outcome.kind === 'ok' ? outcome.files : []) files.set(file.name, await readFile(file.path))
    return { outcome, files }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
