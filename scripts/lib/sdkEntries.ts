/** The SDK's entry points, found in its source tree: its build, its `exports` and its `bin` all follow from this list. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const sdkRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'sdk')

/** `package.json` of the SDK. */
export const manifestPath = join(sdkRoot, 'package.json')

/** Commands the package installs; each is listed once its source exists. */
const COMMANDS = {
  gevulot: 'src/cli/main.ts',
  'gevulot-validator': 'src/validator/main.ts',
  'gevulot-worker': 'src/worker/main.ts',
}

interface EntryPoint {
  /** Path below `dist/`, without extension. */
  readonly name: string
  /** Path below `sdk/`. */
  readonly source: string
}

const nameOf = (source: string): string => source.slice('src/'.length, -'.ts'.length)

/** What others import. */
export function libraries(): (EntryPoint & { readonly subpath: string })[] {
  return globSync(['src/index.ts', 'src/*/index.ts'], { cwd: sdkRoot })
    .sort()
    .map((source) => {
      const name = nameOf(source)
      return { name, source, subpath: name === 'index' ? '.' : `./${dirname(name)}` }
    })
}

function commands(): (EntryPoint & { readonly command: string })[] {
  return Object.entries(COMMANDS)
    .filter(([, source]) => existsSync(join(sdkRoot, source)))
    .map(([command, source]) => ({ name: nameOf(source), source, command }))
}

/** What tsup builds. */
export function entryPoints(): readonly EntryPoint[] {
  return [...libraries(), ...commands()]
}

/** The text `sdk/package.json` must have: its own, with `exports` and `bin` as the entry points want them. */
export function expectedManifest(): string {
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Record<string, unknown>
  const exports: Record<string, unknown> = {}
  for (const { name, subpath } of libraries()) {
    exports[subpath] = {
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    }
  }
  manifest['exports'] = { ...exports, './package.json': './package.json' }
  const bin = Object.fromEntries(commands().map(({ name, command }) => [command, `./dist/${name}.js`]))
  if (Object.keys(bin).length > 0) manifest['bin'] = bin
  else delete manifest['bin']
  return `${JSON.stringify(manifest, null, 2)}\n`
}
