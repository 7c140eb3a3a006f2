import { lines, sourceFiles } from '../lib/files.js'

/** A file a reader can hold in the head: 600 lines of Solidity, 500 of TypeScript. */
const LIMITS: Readonly<Record<string, number>> = {
  'contracts/**/*.sol': 600,
  'test/**/*.sol': 600,
  '**/*.{ts,tsx,mjs,js}': 500,
}

/** Solidity that `bb` writes; its length is not ours to choose. */
const WRITTEN_BY_TOOLS = /^contracts\/verifiers\/.*Honk\w*\.sol$/

export function fileSizes(): string[] {
  return Object.entries(LIMITS).flatMap(([pattern, limit]) =>
    sourceFiles(pattern)
      .filter((path) => !WRITTEN_BY_TOOLS.test(path))
      .map((path) => ({ path, length: lines(path).length }))
      .filter(({ length }) => length > limit)
      .map(({ path, length }) => `${path} has ${length} lines, at most ${limit} are allowed`),
  )
}
