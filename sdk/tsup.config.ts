import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { defineConfig } from 'tsup'

import { compileInit } from '../scripts/lib/compileInit.js'
import { entryPoints } from '../scripts/lib/sdkEntries.js'

export default defineConfig({
  entry: Object.fromEntries(entryPoints().map(({ name, source }) => [name, source])),
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  dts: true,
  clean: true,
  sourcemap: true,
  // `import.meta.url` in the CommonJS build too.
  shims: true,
  // One copy of shared code whatever is imported, so that `instanceof` holds across entry points.
  splitting: true,
  async onSuccess() {
    // The microVM's init, with its source. Shared chunks lie in dist/, and `./init/init` is resolved from them.
    compileInit()
    await cp(join(import.meta.dirname, 'src/runtime/linux/init'), join(import.meta.dirname, 'dist/init'), {
      recursive: true,
    })
  },
})
