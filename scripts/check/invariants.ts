import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { root } from '../lib/artifacts.js'
import { read, sourceFiles } from '../lib/files.js'

const PAGE = 'docs/invariants.md'

function numbers(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, number = '']) => number))
}

/** Every numbered invariant of the page has a test that carries its number, and every number in a test is on the page. */
export function invariants(): string[] {
  const tests = sourceFiles('test/**/*.{sol,ts}').map(read).join('\n')
  const tested = numbers(tests, /\b(?:\w+_)?INV[-_]?(\d{2})/g)
  if (!existsSync(join(root, PAGE))) {
    return tested.size === 0 ? [] : [`tests name invariants but ${PAGE} does not exist`]
  }
  const stated = numbers(read(PAGE), /\bINV-(\d{2})\b/g)
  const untested = [...stated].filter((number) => !tested.has(number))
  const unstated = [...tested].filter((number) => !stated.has(number))
  return [
    ...untested.map((number) => `INV-${number} of ${PAGE} has no test (a function invariant_INV${number}_…)`),
    ...unstated.map((number) => `INV-${number} is tested but ${PAGE} does not state it`),
  ]
}
