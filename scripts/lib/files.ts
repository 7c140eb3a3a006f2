/** Reads the files of the source tree. */
import { globSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

import { root } from './artifacts.js'

/** Folders that tools fill; nothing in them is ours. */
const GENERATED = ['node_modules', 'artifacts', 'cache', 'coverage', 'dist', 'generated', '.git', '.gevulot']

/** Paths of our own files that match, relative to the root of the repository, sorted. */
export function sourceFiles(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: (path) => GENERATED.includes(basename(path)) })
    .filter((path) => statSync(join(root, path)).isFile())
    .sort()
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function lines(path: string): string[] {
  return read(path).split('\n')
}
