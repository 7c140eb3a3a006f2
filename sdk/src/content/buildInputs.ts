import type { ContentInput, ContentStore, PutOptions } from './ContentStore.js'
import { hexOf, type Digest } from './digest.js'
import { encodeManifest } from './manifestJson.js'
import { putAll } from './putAll.js'
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
 * Stores the input files of a workload and their manifest. `onProgress` tells the bytes of all files together.
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
  const stored = await putAll(store, Object.values(spec.files), options)
  const files = Object.keys(spec.files).flatMap((name, index): InputFile[] => {
    const one = stored[index]
    return one === undefined ? [] : [{ name, sha256: hexOf(one.digest), size: one.size }]
  })
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  const { bytes, digest } = encodeManifest({ schema: 'gevulot/inputs@1', args: spec.args ?? [], files })
  const manifest = parseInputsManifest(bytes)
  const { onProgress: _, ...rest } = options
  await store.put(bytes, rest)
  return { digest, manifest }
}
