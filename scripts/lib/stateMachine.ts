/** Makes docs/state-machine.md of the test that tries every action in every state. */
import { join } from 'node:path'

import { root } from './artifacts.js'
import { read } from './files.js'

const MARKET = 'test/contracts/Market.states.t.sol'
const COMMITTEE = 'test/contracts/Committee.states.t.sol'

export const stateMachinePath = join(root, 'docs/state-machine.md')

function matches(text: string, pattern: RegExp): [string, string][] {
  return [...text.matchAll(pattern)].map(([, first = '', second = '']) => [first, second])
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** The errors and the table of one of the tests. */
function tableOf(path: string): string[] {
  const source = read(path)
  const [, actions = ''] = /ACTIONS =\s*"([^"]+)"/.exec(source) ?? []
  const columns = actions.split(' ')
  const errors = matches(source, /selector == (?:\w+\.)?(\w+)\.selector\) return "(\w+)"/g)
  const states = matches(source, /\/\/\/ State: (.+)\n[^]*?_expectRow\(\s*w,\s*"([^"]+)"\s*\)/g)
  for (const [state, outcomes] of states) {
    if (outcomes.split(' ').length !== columns.length) throw new Error(`the row "${state}" has not one cell an action`)
  }
  return [
    ...errors.map(([error, code]) => `- \`${code}\`: ${error}`),
    '',
    row(['State', ...columns]),
    row(Array.from({ length: columns.length + 1 }, () => '---')),
    ...states.map(([state, outcomes]) =>
      row([state, ...outcomes.split(' ').map((code) => (code === 'ok' ? '**ok**' : code))]),
    ),
    '',
  ]
}

export function stateMachinePage(): string {
  return [
    '# Every action in every state',
    '',
    `Made by \`npm run gen\` of [the test](../${MARKET}) that tries them all. A workload has two slots, drawn to two seats; the`,
    "state is that of the workload and of the acting seat. `commitOpen` is another operator's, `release` and `cancel` the",
    "requester's, `assign`, `settle`, `clear` and `slash` anybody's. **ok**: it works. Anything else is the error it reverts with:",
    '',
    ...tableOf(MARKET),
    '## Where a committee judges',
    '',
    `Of [this test](../${COMMITTEE}). The first five columns are the acting seat's, \`post\` carries a member's vote, the rest is anybody's but`,
    "`release`, the requester's. Acts that are not here do the same as above.",
    '',
    ...tableOf(COMMITTEE),
  ].join('\n')
}
