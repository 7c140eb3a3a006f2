import { existsSync, readFileSync } from 'node:fs'

import { errorsPage, errorsPath } from '../lib/errors.js'

/** sdk/ERRORS.md is what the tables of error codes say. */
export function errors(): string[] {
  const kept = existsSync(errorsPath) ? readFileSync(errorsPath, 'utf8') : ''
  return kept === errorsPage() ? [] : ['sdk/ERRORS.md is not what the tables of error codes say: run `npm run gen`']
}
