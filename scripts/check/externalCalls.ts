import { existsSync, readFileSync } from 'node:fs'

import { externalCallsPage, externalCallsPath } from '../lib/externalCalls.js'

/** Every call of another contract is listed in docs/external-calls.md with what limits it and the test that shows it. */
export function externalCalls(): string[] {
  let page: string
  try {
    page = externalCallsPage()
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  const kept = existsSync(externalCallsPath) ? readFileSync(externalCallsPath, 'utf8') : ''
  return kept === page ? [] : ['docs/external-calls.md is not what the contracts say: run `npm run gen`']
}
