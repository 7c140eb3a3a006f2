import { join } from 'node:path'

import { build } from 'esbuild'

import { buildPackage, type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { bundle } from '../support/bundle.js'
import { nodeProgram } from '../support/node.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { pinnedKey } from './keys.js'
import { resolveParameters } from './parameters.js'
import facts from './program.json' with { type: 'json' }
import { type PostName, PROGRAMS } from './shapes.js'
import { PROVER } from './tool.js'

const { name, prove, verify, class: hardware }: ProgramFacts = facts

/** What to build. */
export interface BuildOptions {
  readonly store: ContentStore
  /** Which statement; default Window PoSt. */
  readonly post?: PostName
}

/** Builds the prover and the verifier package of a statement into a store (half a minute, most of it the C++ compiler's). */
export async function buildPackages({ store, post = 'window' }: BuildOptions): Promise<BuiltProgram> {
  const { sectors, challenges, levels, contract, gas } = PROGRAMS[post]
  const shape = { sectors, challenges, levels }
  const { bytes: parameters, key, development } = await resolveParameters(shape)
  if (JSON.stringify(key) !== JSON.stringify(await pinnedKey(post)))
    throw new Error(
      'the parameters do not belong to the pinned verifying key: run keys.ts, then deploy the new contract',
    )
  const labels = development ? [DEVELOPMENT_LABEL] : []
  const full = `${name}-${post}-post`
  const script = await bundle(build, join(import.meta.dirname, 'verifier.ts'))
  const data = [{ path: 'verifying-key.json', source: Buffer.from(JSON.stringify({ shape, key })) }]
  return {
    name: full,
    class: hardware,
    variant: development ? 'development' : 'ceremony',
    prover: await buildPackage(
      {
        name: `${full}-prove`,
        role: 'prove',
        argv: ['/app/prover'],
        files: [
          { path: 'prover', source: await PROVER.compile(), executable: true },
          { path: 'parameters', source: parameters },
        ],
        resources: prove,
        labels,
      },
      store,
    ),
    verifier: await buildPackage(
      { name: `${full}-verify`, role: 'verify', ...(await nodeProgram(script, data)), resources: verify, labels },
      store,
    ),
    bindsProver: true,
    contract: { name: contract, source: `contracts/verifiers/filecoin/${contract}.sol`, gas },
  }
}

if (import.meta.filename === process.argv[1]) {
  const store = new DirectoryStore(join(import.meta.dirname, 'dist'))
  for (const post of ['window', 'winning'] as const) {
    const { name: program, prover, verifier } = await buildPackages({ store, post })
    console.log(JSON.stringify({ program, prover: prover.digest, verifier: verifier.digest }, null, 2))
  }
}
