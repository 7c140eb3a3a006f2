import { lines, sourceFiles } from '../lib/files.js'

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/
const FOCUSED = /\b(describe|context|it|test|suite)\.only\(/
const SKIPPED = /\b(describe|context|it|test|suite|this)\.skip\(/
const PRINTS = /console\.\w+\(/
const REASON_WITHIN = 3

/** Unfinished work, focused tests, and skipped tests that do not print why just before they skip. */
export function leftovers(): string[] {
  const files = sourceFiles('**/*.{sol,ts,tsx,mjs,js,c,rs,go,nr,circom,sh,md,yml,yaml}', '.ci/*').filter(
    (path) => path !== 'scripts/check/leftovers.ts',
  )
  return files.flatMap((path) => {
    const text = lines(path)
    return text.flatMap((line, index) => {
      const at = `${path}:${index + 1}`
      if (UNFINISHED.test(line)) return [`${at} is unfinished: ${line.trim()}`]
      if (path.endsWith('.md')) return []
      if (FOCUSED.test(line)) return [`${at} runs one test instead of all`]
      const before = text.slice(Math.max(0, index - REASON_WITHIN), index + 1).join('\n')
      if (SKIPPED.test(line) && !PRINTS.test(before)) return [`${at} skips a test without printing the reason`]
      return []
    })
  })
}
