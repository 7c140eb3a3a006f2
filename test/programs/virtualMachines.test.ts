import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { buildPackages as buildSpend } from '../../programs/aztec-spend/build.js'
import { exampleNote, makeInputs as spendInputs } from '../../programs/aztec-spend/inputs.js'
import { buildPackages as buildEd25519 } from '../../programs/ed25519/build.js'
import { RFC_8032 } from '../../programs/ed25519/examples.js'
import { makeInputs as ed25519Inputs } from '../../programs/ed25519/inputs.js'
import { buildPackages as buildFilecoin } from '../../programs/filecoin/build.js'
import { sampleInputs } from '../../programs/filecoin/samples.js'
import { PROGRAMS } from '../../programs/filecoin/shapes.js'
import { buildPackages as buildGroth16 } from '../../programs/groth16-sudoku/build.js'
import { makeInputs as groth16Inputs } from '../../programs/groth16-sudoku/inputs.js'
import { buildPackages as buildMarlin } from '../../programs/marlin-sudoku/build.js'
import { makeInputs as marlinInputs } from '../../programs/marlin-sudoku/inputs.js'
import samples from '../../programs/marlin-sudoku/samples.json' with { type: 'json' }
import type { BuiltProgram } from '../../programs/support/program.js'
import { runPackage } from '../../programs/support/run.js'
import { root } from '../../scripts/lib/artifacts.js'
import { type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime, type Runtime, type RuntimeName } from '../../sdk/src/runtime/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { flipped } from './mutations.js'
import { CONTEXT } from './support.js'

/** A program and what it shall prove. */
interface Subject {
  readonly build: (store: ContentStore) => Promise<BuiltProgram>
  readonly inputs: () => Promise<{ readonly files: object }> | { readonly files: object }
}

/** The parameters that every machine can make. */
const DEVELOPMENT = { variant: 'development', directory: null, download: null } as const
const SUBJECTS: Readonly<Record<string, Subject>> = {
  'aztec-spend': {
    build: (store) => buildSpend({ store, ...DEVELOPMENT }),
    inputs: () => spendInputs(exampleNote('machine')),
  },
  'marlin-sudoku': { build: (store) => buildMarlin({ store }), inputs: () => marlinInputs(samples.example.puzzle) },
  filecoin: {
    build: (store) => buildFilecoin({ store, post: 'small' }),
    inputs: () => sampleInputs(PROGRAMS.small),
  },
  'groth16-sudoku': {
    build: (store) => buildGroth16({ store }),
    inputs: () => groth16Inputs(samples.example.puzzle),
  },
  ed25519: {
    build: (store) => buildEd25519({ store, ...DEVELOPMENT }),
    inputs: () => ed25519Inputs(RFC_8032[2]!),
  },
}
const MACHINES: readonly RuntimeName[] = ['linux', 'nanos']
/** An emulated processor on a busy machine. */
const SECONDS = 1200

for (const name of MACHINES) {
  describe(`programs in a virtual machine: ${name}`, function () {
    this.timeout(3 * SECONDS * 1000)
    const directory = useTemporaryDirectory()
    let runtime: Runtime

    before(async function () {
      runtime = createRuntime(name, { cacheDirectory: join(directory(), 'runtime'), workDirectory: directory() })
      const check = await runtime.check()
      if (check.available) return
      console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
      this.skip()
    })

    for (const [program, { build, inputs }] of Object.entries(SUBJECTS)) {
      it(`${program} proves and verifies, and refuses a changed proof`, async () => {
        const store = new DirectoryStore(join(directory(), program))
        const { prover, verifier } = await build(store)
        const files = { ...(await inputs()).files } as Readonly<Record<string, Uint8Array>>
        const context = { ...CONTEXT, seconds: SECONDS, cacheDirectory: join(directory(), 'packages') }
        const { outcome, files: made } = await runPackage(runtime, prover, store, files, context)
        expect(outcome.kind, outcome.log).to.equal('ok')
        const proof = made.get('proof')!
        const verified = await runPackage(runtime, verifier, store, { ...files, proof }, context)
        expect(verified.outcome.kind, verified.outcome.log).to.equal('valid')
        const refused = await runPackage(runtime, verifier, store, { ...files, proof: flipped(proof, 100) }, context)
        expect(refused.outcome.kind, refused.outcome.log).to.equal('invalid')
        const { accel, wallSeconds, peakMemoryMiB = 0 } = outcome.usage
        console.log(`      ${accel}: proved in ${wallSeconds.toFixed(1)} s with ${Math.round(peakMemoryMiB)} MiB`)
      })
    }
  })
}

describe('programs: recorded runs', () => {
  // aztec-jobs simulates, and languages and support hold no program.
  const names = readdirSync(join(root, 'programs'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'programs', entry.name, 'program.json')))
    .map((entry) => entry.name)
    .filter((name) => name !== 'aztec-jobs')

  for (const name of names) {
    it(`${name} has one, of a sandbox and of a virtual machine at least`, () => {
      const text = readFileSync(join(root, 'programs', name, 'recorded-run.json'), 'utf8')
      const { packages, runs, proof } = JSON.parse(text) as {
        packages: Record<'prover' | 'verifier', string>
        proof: string
        runs: { runtime: string; proofSha256: string; prove: { accel?: string; wallSeconds: number } }[]
      }
      expect(runs.map(({ runtime }) => runtime)).to.include.members(['bubblewrap', 'linux'])
      for (const { runtime, prove, proofSha256 } of runs) {
        expect(prove.wallSeconds).to.be.above(0)
        expect(proofSha256).to.match(/^[0-9a-f]{64}$/)
        if (runtime !== 'bubblewrap') expect(prove.accel).to.be.oneOf(['tcg', 'kvm'])
      }
      for (const digest of [packages.prover, packages.verifier]) expect(digest).to.match(/^0x[0-9a-f]{64}$/)
      expect(proof).to.match(/^([0-9a-f]{2})+$/)
    })
  }
})
