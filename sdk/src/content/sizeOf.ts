import type { ContentInput } from './ContentStore.js'

/** Bytes of content before it is read; undefined of a stream, a pipe, and a file that cannot be looked at. */
export async function sizeOf(content: ContentInput): Promise<number | undefined> {
  if (content instanceof Uint8Array) return content.length
  if (!('path' in content)) return undefined
  // Not imported: this runs in browsers too, where no content is a file.
  const here = globalThis as { readonly process?: Partial<NodeJS.Process> }
  const files = here.process?.getBuiltinModule?.('node:fs/promises')
  // What is wrong with the file is told by what reads it.
  const info = await files?.stat(content.path).catch(() => undefined)
  return info?.isFile() === true ? info.size : undefined
}
