import { freemem } from 'node:os'

import { buildPackages as buildParity } from '../../programs/aztec-parity-base/build.js'
import { AZTEC_TEST } from '../../programs/aztec-parity-base/examples.js'
import { makeInputs as parityInputs } from '../../programs/aztec-parity-base/inputs.js'
import { buildPackages as buildSpend } from '../../programs/aztec-spend/build.js'
import { exampleNote, makeInputs as spendInputs } from '../../programs/aztec-spend/inputs.js'
import { buildPackages as buildEd25519 } from '../../programs/ed25519/build.js'
import { RFC_8032 } from '../../programs/ed25519/examples.js'
import { makeInputs as ed25519Inputs } from '../../programs/ed25519/inputs.js'
import { buildPackages as buildFilecoin } from '../../programs/filecoin/build.js'
import { sampleInputs as filecoinInputs } from '../../programs/filecoin/samples.js'
import { PROGRAMS } from '../../programs/filecoin/shapes.js'
import { buildPackages as buildGroth16 } from '../../programs/groth16-sudoku/build.js'
import { makeInputs as groth16Inputs } from '../../programs/groth16-sudoku/inputs.js'
import { buildPackages as buildMarlin } from '../../programs/marlin-sudoku/build.js'
import { makeInputs as marlinInputs } from '../../programs/marlin-sudoku/inputs.js'
import samples from '../../programs/marlin-sudoku/samples.json' with { type: 'json' }
import type { BuiltProgram } from '../../programs/support/program.js'
import type { ContentStore } from '../../sdk/src/content/index.js'

/** A program to be shown with one workload. */
export interface Exhibit {
  /** What people call it. */
  readonly title: string
  readonly statement: string
  readonly redundancy: number
  readonly build: (store: ContentStore) => Promise<BuiltProgram>
  readonly inputs: () => Promise<{ readonly files: object }> | { readonly files: object }
  /** Why this machine cannot show it. */
  readonly missing?: () => string | undefined
}

/** What the heaviest prover takes, with everything else that runs here. */
const HEAVY_BYTES = 6 * 2 ** 30

/** Every program of `programs/`, with inputs from where its README says they come from. */
export const EXHIBITS: readonly Exhibit[] = [
  {
    title: 'aztec',
    statement: 'the spend of a private note, by Aztec’s own prover',
    redundancy: 1,
    build: (store) => buildSpend({ store, download: null }),
    inputs: () => spendInputs(exampleNote('tour')),
  },
  {
    title: 'marlin',
    statement: 'a sudoku, with a universal set-up; two provers race',
    redundancy: 2,
    build: (store) => buildMarlin({ store }),
    inputs: () => marlinInputs(samples.hard.puzzle),
  },
  {
    title: 'ed25519',
    statement: 'the signature of RFC 8032, test 3',
    redundancy: 1,
    // The ceremony's points are too many to be asked for here.
    build: (store) => buildEd25519({ store, variant: 'development', directory: null, download: null }),
    inputs: () => ed25519Inputs(RFC_8032[2] ?? fail()),
  },
  {
    title: 'filecoin',
    statement: 'Window PoSt, 2 sectors of 2 KiB with 10 challenges each',
    redundancy: 1,
    build: (store) => buildFilecoin({ store, post: 'window' }),
    inputs: () => filecoinInputs(PROGRAMS.window),
  },
  {
    title: 'filecoin-winning',
    statement: 'Winning PoSt, 1 sector of 2 KiB with 66 challenges',
    redundancy: 1,
    build: (store) => buildFilecoin({ store, post: 'winning' }),
    inputs: () => filecoinInputs(PROGRAMS.winning),
  },
  {
    title: 'groth16',
    statement: 'a sudoku, in 256 bytes',
    redundancy: 1,
    build: (store) => buildGroth16({ store }),
    inputs: () => groth16Inputs(samples.example.puzzle),
  },
  {
    title: 'aztec-rollup',
    statement: 'the heavyweight: one of Aztec’s own rollup circuits, 2.3 million gates',
    redundancy: 1,
    build: (store) => buildParity({ store, variant: 'development', directory: null, download: null }),
    inputs: () => parityInputs(AZTEC_TEST.batch),
    missing: () =>
      freemem() < HEAVY_BYTES
        ? `it wants 6 GiB of memory, and ${(freemem() / 2 ** 30).toFixed(1)} are free`
        : undefined,
  },
]

function fail(): never {
  throw new Error('the example is missing')
}
