import { existsSync, readFileSync } from 'node:fs'

import { rolesPage, rolesPath } from '../lib/roles.js'

/** Every function that asks who calls it names its role and its bounds, and docs/roles.md lists them all. */
export function roles(): string[] {
  let page: string
  try {
    page = rolesPage()
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  const kept = existsSync(rolesPath) ? readFileSync(rolesPath, 'utf8') : ''
  return kept === page ? [] : ['docs/roles.md is not what the contracts say: run `npm run gen`']
}
