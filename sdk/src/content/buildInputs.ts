import type { ContentInput, ContentStore, PutOptions } from './ContentStore.js'
import { hexOf, type Digest } from './digest.js'
import { encodeManifest } from './manifestJson.js'
import { parseInputsManifest, type InputFile, type InputsManifest } from './InputsManifest.js'

/** The inputs of a workload before they are stored. */
export interface InputsSpec {
  readonly args?: readonly string[]
  /** By name; `public_inputs` must be among them. A `{ path }` is read from this machine. */
  readonly files: Readonly<Record<string, ContentInput>>
}

/** Inputs in a store; `digest` goes into the workload. */
export interface BuiltInputs {
  readonly digest: Digest
  readonly manifest: InputsManifest
}

/**
 * Stores the input files of a workload and their manifest.
 *
 * @example
 * const { digest } = await buildInputs({ args: ['7'], files: { public_inputs: words, witness: { path: './w' } } }, store)
 *
 * @throws GevulotError CONTENT_MANIFEST_INVALID, CONTENT_DISK_FULL
 */
export async function buildInputs(
  spec: InputsSpec,
  store: ContentStore,
  options: PutOptions = {},
): Promise<BuiltInputs> {
  const files: InputFile[] = []
  for (const [name, content] of Object.entries(spec.files)) {
    const stored = await store.put(content, options)
    files.push({ name, sha256: hexOf(stored.digest), size: stored.size })
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  const { bytes, digest } = encodeManifest({ schema: 'gevulot/inputs@1', args: spec.args ?? [], files })
  const manifest = parseInputsManifest(bytes)
  await store.put(bytes, options)
  return { digest, manifest }
}
