import { existsSync, readFileSync } from 'node:fs'

import { surface as expectedSurface, surfacePath } from '../lib/surface.js'

/** The public names of the SDK and their types are those of its snapshot. */
export function surface(): string[] {
  const kept = existsSync(surfacePath) ? readFileSync(surfacePath, 'utf8') : ''
  const expected = expectedSurface()
  if (kept === expected) return []
  const [before, after] = [kept, expected].map((text) => text.split('\n'))
  const [gone, come] = [new Set(before), new Set(after)]
  return [
    ...(before ?? []).filter((line) => !come.has(line)).map((line) => `- ${line}`),
    ...(after ?? []).filter((line) => !gone.has(line)).map((line) => `+ ${line}`),
    'deployments/snapshots/sdk.txt differs. If this is meant, run `npm run snapshots` and say so in CHANGELOG.md.',
  ]
}
