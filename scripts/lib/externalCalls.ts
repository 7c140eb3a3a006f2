/**
 * Makes docs/external-calls.md: where our contracts call others comes from the compiler's syntax trees, what limits such a call is said
 * in `externalCallLimits.ts`.
 * A place that no entry covers, an entry without a place and a test that does not exist are errors.
 */
import { join } from 'node:path'

import { root } from './artifacts.js'
import { LIMITS, type Entry } from './externalCallLimits.js'
import { externalSites, type ExternalSite } from './externalSites.js'
import { read, sourceFiles } from './files.js'

export const externalCallsPath = join(root, 'docs/external-calls.md')

/** The page as it should be. Throws where the code calls somebody of whom nothing is said here, and where a test is named that is not there. */
export function externalCallsPage(): string {
  const sites = externalSites()
  const taken = new Set<ExternalSite>()
  const tests = sourceFiles('test/**/*.{sol,ts}').map(read).join('\n')
  const sections = LIMITS.flatMap(({ title, text, entries }) => [
    `## ${title}`,
    '',
    text,
    '',
    '| Who calls | What | Who chose it | Gas | Of its answer | If it fails | Shown by |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...entries.map((entry) => rowOf(entry, sites, taken, tests)),
    '',
  ])
  const unsaid = sites.filter((site) => !taken.has(site)).map((site) => placeOf(site))
  if (unsaid.length > 0) throw new Error(`scripts/lib/externalCallLimits.ts says nothing of ${unsaid.join(', ')}`)
  return [
    '# Every call of another contract',
    '',
    'Made by `npm run gen`: where the contracts call others is found in what the compiler says, what limits the call is said in `scripts/lib/externalCallLimits.ts`. A call that',
    'stands nowhere below, a row without a call and a test that does not exist fail `npm run checks`.',
    '',
    '"The caller\'s own" gas: nobody but whoever sends the transaction pays or waits, and a failure undoes that transaction alone. Where somebody else would, gas is',
    'capped, the call is refused unless that much is there (EIP-150), and of the answer a bounded part is copied. Parts of the market (`Submission`, `Withdrawing`, …) stand',
    'under their own names.',
    '',
    ...sections,
  ].join('\n')
}

function placeOf({ contract, caller, call }: ExternalSite): string {
  return `${contract}.${caller} ${call}`
}

function rowOf(entry: Entry, sites: readonly ExternalSite[], taken: Set<ExternalSite>, tests: string): string {
  const found = [
    ...sites.filter((site) => !taken.has(site) && entry.places.test(placeOf(site))),
    ...(entry.inPackage ?? []),
  ]
  if (found.length === 0)
    throw new Error(`scripts/lib/externalCallLimits.ts: nothing calls as ${entry.places.source} says`)
  for (const site of found) taken.add(site)
  for (const test of entry.tests) {
    if (!tests.includes(`function ${test}(`) && !tests.includes(`'${test}'`))
      throw new Error(`scripts/lib/externalCallLimits.ts names ${test}, which is no test`)
  }
  const shown = entry.tests.map((test) => (/^\w+$/.test(test) ? `\`${test}\`` : `"${test}"`))
  const cells = [
    callersOf(found),
    `${entry.callee}: ${callsOf(found)}`,
    entry.chosenBy,
    entry.gas,
    entry.answer,
    entry.failure,
  ]
  return `| ${[...cells, shown.join(', ')].map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}

/** "Committee: `open`, `draw`; Market: `withdraw`" */
function callersOf(sites: readonly ExternalSite[]): string {
  const byContract = new Map<string, Set<string>>()
  for (const { contract, caller } of sites)
    byContract.set(contract, (byContract.get(contract) ?? new Set()).add(caller))
  return [...byContract].map(([contract, names]) => `${contract}: ${listed(names)}`).join('; ')
}

function callsOf(sites: readonly ExternalSite[]): string {
  return listed(new Set(sites.map(({ call }) => call)))
}

function listed(names: ReadonlySet<string>): string {
  return [...names].map((name) => `\`${name}\``).join(', ')
}
