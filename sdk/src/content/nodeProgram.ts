import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { SourceFile } from './buildPackage.js'
import { elfProgram, type ProgramFiles } from './elfProgram.js'

/** Options of {@link nodeProgram}. */
export interface NodeProgramOptions {
  /** The Node.js to pack, a path on this machine; default the one that runs this. Pin it: its bytes are part of the digest. */
  readonly node?: string
  /** Options of Node.js, before the script. */
  readonly nodeArgs?: readonly string[]
  /** Arguments behind the script. */
  readonly args?: readonly string[]
  /** Further files of the package: data, modules. */
  readonly files?: readonly SourceFile[]
}

/**
 * A script with Node.js, its loader and its libraries. The script must be whole, or import only what `files` bring: bundle it
 * first, or pack the directory that holds it and its modules (`directoryProgram`).
 * @param script Path of a `.mjs`, `.cjs` or `.js` file (as the nearest package.json says), or the bytes of an ES module.
 * @throws GevulotError CONTENT_FILE_INVALID, CONTENT_ELF_INVALID, CONTENT_LIBRARY_MISSING
 */
export async function nodeProgram(
  script: string | Uint8Array,
  options: NodeProgramOptions = {},
): Promise<ProgramFiles> {
  const name = typeof script === 'string' ? `main${await moduleExtension(script)}` : 'main.mjs'
  return elfProgram(options.node ?? process.execPath, {
    args: [...(options.nodeArgs ?? []), `/app/${name}`, ...(options.args ?? [])],
    files: [{ path: name, source: script }, ...(options.files ?? [])],
  })
}

/** Whether the name of a file is that of a script for Node.js. */
export function isNodeScript(path: string): boolean {
  return ['.js', '.mjs', '.cjs'].includes(extname(path))
}

/** In a package no package.json stands above the script, so its name must say what it is. */
async function moduleExtension(script: string): Promise<'.mjs' | '.cjs'> {
  const extension = extname(script)
  if (extension === '.mjs' || extension === '.cjs') return extension
  if (extension !== '.js') throw contentError('CONTENT_FILE_INVALID', `${script} is not a .mjs, .cjs or .js file`)
  for (let directory = dirname(resolve(script)); ; directory = dirname(directory)) {
    const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) return /"type"\s*:\s*"module"/.test(text) ? '.mjs' : '.cjs'
    if (directory === dirname(directory)) return '.cjs'
  }
}
