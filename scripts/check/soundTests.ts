import { read, sourceFiles } from '../lib/files.js'

/** Fixtures of the market: their tests leave behind a state that the invariants speak of. */
const FIXTURES = 'Market|Committee|Qualification|Rewards|Relay'

/** Its tests show what a token that keeps a part of each transfer does to the books: they do not balance. */
const EXEMPT = ['TakingTokenTest']

/** Every unit test of the market's contracts asserts the invariants on what it left behind, by the modifier `sound`. */
export function soundTests(): string[] {
  return sourceFiles('test/contracts/*.t.sol').flatMap((path) =>
    read(path)
      .split(/^(?=contract )/m)
      .filter((part) => new RegExp(`^contract \\w+ is [^{]*\\b(${FIXTURES})Fixture\\b`).test(part))
      .filter((part) => !EXEMPT.includes(/^contract (\w+)/.exec(part)?.[1] ?? ''))
      .flatMap((part) => [...part.matchAll(/^ {4}function (test\w*)\([^)]*\)([^{]*)\{/gm)])
      .filter(([, , modifiers = '']) => !/\b(sound|pure)\b/.test(modifiers))
      .map(([, name]) => `${path}: ${name} lacks the modifier sound, so no invariant is asserted after it`),
  )
}
