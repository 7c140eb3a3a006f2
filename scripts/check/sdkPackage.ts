import { readFileSync } from 'node:fs'

import { expectedManifest, manifestPath } from '../lib/sdkEntries.js'

/** `exports` and `bin` of the SDK name exactly the entry points that exist. */
export function sdkPackage(): string[] {
  if (readFileSync(manifestPath, 'utf8') === expectedManifest()) return []
  return ['exports or bin of sdk/package.json do not match its entry points: run `npm run gen`']
}
