import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { build, type Plugin } from 'esbuild'

import { RELEASE } from '../../../sdk/src/aztec/protocol/release.js'
import { buildPackage, type ContentStore } from '../../../sdk/src/content/index.js'
import { nodeProgram } from '../../support/node.js'
import { type BuiltJobs, SIMULATED_LABEL } from '../build.js'
import facts from '../program.json' with { type: 'json' }

/** Says whose circuits these are. */
export const RELEASE_LABEL = `Aztec ${RELEASE.packageVersion}’s own circuits, executed and not proven`

/** Files that the script reads, by their path in Aztec's packages. */
const DATA = {
  'acvm_js_bg.wasm': '@aztec/noir-acvm_js/nodejs/acvm_js_bg.wasm',
  'noirc_abi_wasm_bg.wasm': '@aztec/noir-noirc_abi/nodejs/noirc_abi_wasm_bg.wasm',
  'kzg.node': '@crate-crypto/node-eth-kzg-linux-x64-gnu/node-eth-kzg.linux-x64-gnu.node',
} as const

/**
 * Builds the program that executes Aztec's own circuits into a store (about ten seconds).
 * @param packages Folder in whose node_modules Aztec's packages are.
 */
export async function buildReleasePackages(options: {
  readonly store: ContentStore
  readonly packages: string
}): Promise<BuiltJobs> {
  const modules = join(options.packages, 'node_modules')
  const files = Object.entries(DATA).map(([path, source]) => ({ path, source: join(modules, source) }))
  const pack = async (role: 'prove' | 'verify', script: string): Promise<BuiltJobs['prover']> => {
    const program = await nodeProgram(await bundled(join(import.meta.dirname, script), modules), files)
    const resources = { ...facts[role], memoryMiB: MEMORY_MIB }
    const labels = [SIMULATED_LABEL, RELEASE_LABEL]
    const spec = { name: `${facts.name}-release-${role}`, role, resources, labels, ...program }
    return buildPackage({ ...spec, env: { LOG_LEVEL: 'silent' } }, options.store)
  }
  return { prover: await pack('prove', 'prover.ts'), verifier: await pack('verify', 'verifier.ts') }
}

const MEMORY_MIB = 2048

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
