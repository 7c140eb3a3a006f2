import { mkdirSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { defineConfig } from 'tsup'

import { compileInit } from '../scripts/lib/compileInit.js'
import { entryPoints } from '../scripts/lib/sdkEntries.js'

/**
 * Entry points for the types. Their bundler makes a program of TypeScript for each directory that an entry point is in: 5.5 GB, where two in one directory
 * share one. So each has a file in one directory that stands for it.
 */
function typeEntries(): Record<string, string> {
  const directory = join(import.meta.dirname, 'cache/entries')
  mkdirSync(directory, { recursive: true })
  return Object.fromEntries(
    entryPoints().map(({ name, source }) => {
      const path = join(directory, `${name.replaceAll('/', '-')}.ts`)
      writeFileSync(path, `export * from '../../${source.replace(/\.ts$/, '.js')}'\n`)
      return [name, path]
    }),
  )
}

export default defineConfig({
  entry: Object.fromEntries(entryPoints().map(({ name, source }) => [name, source])),
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  dts: { entry: typeEntries() },
  // The explorer is built by itself, after this.
  clean: ['!explorer/**'],
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
