import { defineConfig } from 'tsup'

import { entryPoints } from '../scripts/lib/sdkEntries.js'

export default defineConfig({
  entry: Object.fromEntries(entryPoints().map(({ name, source }) => [name, source])),
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  dts: true,
  clean: true,
  sourcemap: true,
  // One copy of shared code whatever is imported, so that `instanceof` holds across entry points.
  splitting: true,
})
