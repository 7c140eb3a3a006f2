import { lstat } from 'node:fs/promises'
import { contentError } from '../errors/codes/content.js'
import type { ContentInput, ContentStore, PutOptions } from './ContentStore.js'
import { hexOf, type Digest } from './digest.js'
import { isX64Elf } from './elf/isX64Elf.js'
import { encodeManifest } from './manifestJson.js'
import { putAll } from './putAll.js'
import { parsePackageManifest, type PackageFile, type PackageManifest } from './PackageManifest.js'

/** A file to pack. */
export interface SourceFile {
  /** Where it appears below `/app`, for example `bin/prover`. */
  readonly path: string
  /** The file on this machine, or its bytes. */
  readonly source: string | Uint8Array
  readonly executable?: boolean
}

/** What `buildPackage` packs: the manifest without its file list, and the files. */
export type PackageSpec = Omit<PackageManifest, 'schema' | 'files' | 'labels' | 'env'> & {
  readonly env?: Readonly<Record<string, string>>
  readonly labels?: readonly string[]
  readonly files: readonly SourceFile[]
}

/** A package in a store. */
export interface BuiltPackage {
  readonly digest: Digest
  readonly manifest: PackageManifest
}

/**
 * Stores the files and the manifest of a package. `onFile` hears the path of each file before it is stored, `onProgress` the bytes of all of them together.
 *
 * @example
 * const { digest } = await buildPackage({
 *   name: 'my-prover', role: 'prove', argv: ['/app/prover'],
 *   resources: { cores: 1, memoryMiB: 256, outputMiB: 1 },
 *   files: [{ path: 'prover', source: './build/prover', executable: true }],
 * }, new DirectoryStore('./content'))
 *
 * @throws GevulotError CONTENT_MANIFEST_INVALID, CONTENT_FILE_INVALID, CONTENT_DISK_FULL
 */
export async function buildPackage(
  spec: PackageSpec,
  store: ContentStore,
  options: PutOptions & { readonly onFile?: (path: string) => void } = {},
): Promise<BuiltPackage> {
  const entry = spec.files.find((file) => `/app/${file.path}` === spec.argv[0])
  if (typeof entry?.source === 'string' && !(await isX64Elf(entry.source))) {
    throw contentError('CONTENT_FILE_INVALID', `${entry.source} is not an x86-64 ELF`)
  }
  const { onFile, ...put } = options
  const contents: ContentInput[] = []
  for (const { source } of spec.files) {
    contents.push(typeof source === 'string' ? { path: await regularFile(source) } : source)
  }
  const stored = await putAll(store, contents, put, (index) => onFile?.(spec.files[index]?.path ?? ''))
  const files = spec.files.flatMap(({ path, executable }, index): PackageFile[] => {
    const one = stored[index]
    const mode = executable === true ? '0755' : '0644'
    return one === undefined ? [] : [{ path, sha256: hexOf(one.digest), size: one.size, mode }]
  })
  const { bytes, digest } = encodeManifest({
    ...spec,
    schema: 'gevulot/package@1',
    env: spec.env ?? {},
    labels: spec.labels ?? [],
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  })
  const manifest = parsePackageManifest(bytes)
  const { onProgress: _, ...rest } = put
  await store.put(bytes, rest)
  return { digest, manifest }
}

async function regularFile(path: string): Promise<string> {
  const info = await lstat(path)
  if (!info.isFile()) throw contentError('CONTENT_FILE_INVALID', `${path} is not a regular file`)
  return path
}
