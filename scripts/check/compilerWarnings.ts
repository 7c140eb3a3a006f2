import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { buildInfoIds, compilerInput, compilerOutput, root } from '../lib/artifacts.js'
import { read } from '../lib/files.js'

const ACCEPTED = [
  // The compiler is pinned, so a word that becomes a keyword in a later version is no danger in this one.
  'will be promoted to keyword in the future',
  // The check of contract sizes says it for what is deployed; contracts of tests may be large.
  'Contract code size is',
  'Contract initcode size is',
]

/** How the compiler calls our own files, as opposed to those of packages. */
const OURS = 'project/'

/** Whether the file still is what the compiler read: a run stays kept while any of its files is in use. */
function isCurrent(file: string, content: string | undefined): boolean {
  const path = file.slice(OURS.length)
  return existsSync(join(root, path)) && read(path) === content
}

/** Compiler warnings about our own files are errors. */
export function compilerWarnings(): string[] {
  const warnings = buildInfoIds().flatMap((id) => {
    const input = compilerInput(id)
    return (compilerOutput(id).errors ?? [])
      .filter(({ sourceLocation, formattedMessage }) => {
        const file = sourceLocation?.file
        if (file?.startsWith(OURS) !== true || !isCurrent(file, input[file]?.content)) return false
        return !ACCEPTED.some((text) => formattedMessage.includes(text))
      })
      .map(({ formattedMessage }) => formattedMessage.split('\n').slice(0, 2).join(' ').replace(OURS, ''))
  })
  return [...new Set(warnings)].sort()
}
