import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { build, type Plugin } from 'esbuild'

import type { ProgramFiles, SourceFile } from '../../../sdk/src/content/index.js'
import { nodeProgram } from '../../support/node.js'

/** Files that a script with Aztec's packages reads, by their path in those. */
const DATA = {
  'acvm_js_bg.wasm': '@aztec/noir-acvm_js/nodejs/acvm_js_bg.wasm',
  'noirc_abi_wasm_bg.wasm': '@aztec/noir-noirc_abi/nodejs/noirc_abi_wasm_bg.wasm',
  'kzg.node': '@crate-crypto/node-eth-kzg-linux-x64-gnu/node-eth-kzg.linux-x64-gnu.node',
} as const

/**
 * A script that imports Aztec's packages as a program, with what it needs of them.
 * @param packages Folder in whose node_modules they are.
 */
export async function releaseProgram(
  script: string,
  packages: string,
  files: readonly SourceFile[] = [],
): Promise<ProgramFiles & { readonly env: Readonly<Record<string, string>> }> {
  const modules = join(packages, 'node_modules')
  const data = Object.entries(DATA).map(([path, source]) => ({ path, source: join(modules, source) }))
  return { ...(await nodeProgram(await bundled(script, modules), [...data, ...files])), env: { LOG_LEVEL: 'silent' } }
}

async function bundled(script: string, modules: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...{ entryPoints: [script], bundle: true, write: false, platform: 'node', format: 'esm', target: 'node24' },
    ...{ minify: true, legalComments: 'none', nodePaths: [modules], plugins: [replaced(), slimArtifacts()] },
    // What reads its data beside itself finds it in the package.
    define: { __dirname: '"/app"' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logOverride: { 'direct-eval': 'silent' },
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`${script} has no bundle`)
  return file.contents
}

/** What cannot be packed is replaced: a native library by the hashes that are asked of it, a loader by one that knows the package. */
function replaced(): Plugin {
  const shims = { '@aztec/bb.js': 'barretenberg', '@crate-crypto/node-eth-kzg': 'kzg', 'detect-node': 'notNode' }
  return {
    name: 'replaced',
    setup(bundler) {
      for (const [name, shim] of Object.entries(shims)) {
        const path = join(import.meta.dirname, `shims/${shim}.ts`)
        bundler.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path }))
      }
    },
  }
}

/** Of the circuits' artifacts the keys, and bytecode and interface of what is executed: the simulated form where there is one. */
function slimArtifacts(): Plugin {
  return {
    name: 'artifacts',
    setup(bundler) {
      bundler.onLoad({ filter: /noir-protocol-circuits-types\/artifacts\/\w+\.json$/ }, async ({ path }) => {
        const name = basename(path, '.json')
        const isUnused =
          existsSync(join(dirname(path), `${name}_simulated.json`)) || /^(private|hiding)_kernel/.test(name)
        const { abi, bytecode, verificationKey } = JSON.parse(await readFile(path, 'utf8')) as Readonly<
          Record<string, unknown>
        >
        const contents = JSON.stringify({ ...(!isUnused && { abi, bytecode }), verificationKey })
        return { contents, loader: 'json' }
      })
    },
  }
}
