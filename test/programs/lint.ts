import { existsSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { DEVELOPMENT_LABEL, type BuiltProgram } from '../../programs/support/program.js'
import { root } from '../../scripts/lib/artifacts.js'
import { lintProgram } from '../../sdk/src/cli/lint/lintProgram.js'
import { readAcknowledgements } from '../../sdk/src/cli/lint/readAcknowledgements.js'
import type { ContentStore } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'

/**
 * Holds the linter to what a program says of itself: whom a proof is for is bound, or acknowledged in its `lint.json`; parameters for
 * development are found by their label; there is nothing else.
 * @param inputs The input files of a workload that can be proven
 */
export async function expectLinted(
  program: BuiltProgram,
  store: ContentStore,
  directory: string,
  inputs: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const place = await mkdtemp(join(directory, 'lint-'))
  for (const [name, bytes] of Object.entries(inputs)) await writeFile(join(place, name), bytes)
  const reasons = join(root, 'programs', program.name, 'lint.json')
  const { findings, passed, unneeded } = await lintProgram({
    prover: program.prover.digest,
    verifier: program.verifier.digest,
    source: store,
    cacheDirectory: join(directory, 'cache'),
    runtime: createRuntime('bubblewrap', { cacheDirectory: join(place, 'runtime') }),
    inputs: Object.keys(inputs).map((name) => ({ name, path: join(place, name) })),
    maxRunTime: 300,
    bindsProver: program.bindsProver ?? false,
    // The program's own tests change every byte.
    mutations: 8,
    ...(existsSync(reasons) && { acknowledged: await readAcknowledgements(reasons) }),
  })
  const isDevelopment = program.prover.manifest.labels.includes(DEVELOPMENT_LABEL)
  expect(
    findings.map(({ rule, severity, acknowledged }) => [rule, severity, acknowledged !== undefined]),
  ).to.deep.equal([
    ...(isDevelopment
      ? [
          ['development-parameters', 'error', false],
          ['development-parameters', 'error', false],
        ]
      : []),
    ...(program.bindsProver ? [] : [['workload-unbound', 'warning', true]]),
  ])
  expect(passed).to.include.members(['mutated-proof', 'public-inputs-unbound', 'key-from-inputs', 'key-in-proof'])
  expect(unneeded).to.deep.equal([])
}
