import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

import { DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'
import { formatted } from '../support/pinned.js'
import { runPackage } from '../support/run.js'
import { buildPackages } from './build.js'
import { makeInputs } from './inputs.js'
import samples from './samples.json' with { type: 'json' }

const RECORD = 'programs/marlin-sudoku/recorded-run.json'

/** Proves and verifies the first sample in every runtime and writes down what was seen, with the last proof. */
const directory = await mkdtemp(join(tmpdir(), 'marlin-record-'))
try {
  const store = new DirectoryStore(join(directory, 'store'))
  const program = await buildPackages({ store })
  const { files } = makeInputs(samples.example.puzzle)
  const context = { workload: `0x${'a7'.repeat(32)}`, prover: `0x${'b3'.repeat(20)}` }
  const runs: object[] = []
  let proof: Uint8Array = new Uint8Array()
  for (const name of ['linux', 'bubblewrap'] as const) {
    const runtime = createRuntime(name, { cacheDirectory: join(directory, 'runtime') })
    const proved = await runPackage(runtime, program.prover, store, files, context)
    proof = proved.files.get('proof') ?? new Uint8Array()
    const verified = await runPackage(runtime, program.verifier, store, { ...files, proof }, context)
    for (const { outcome } of [proved, verified]) {
      console.log(name, outcome.kind, outcome.usage)
      if (outcome.kind !== 'ok' && outcome.kind !== 'valid') throw new Error(`${outcome.kind}: ${outcome.log}`)
    }
    runs.push({ runtime: name, prove: proved.outcome.usage, verify: verified.outcome.usage })
  }
  const record = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    sample: 'example',
    ...context,
    publicInputs: Buffer.from(files.public_inputs).toString('hex'),
    proof: Buffer.from(proof).toString('hex'),
    runs,
  }
  await writeFile(join(import.meta.dirname, 'recorded-run.json'), await formatted(JSON.stringify(record), RECORD))
} finally {
  await rm(directory, { recursive: true, force: true })
}
