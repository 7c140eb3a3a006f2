import { fileState, pipeline, type RunPipelineOptions } from '../src/client/index.js'
import type { GevulotClient, Hex } from '../src/index.js'

/**
 * Proves two statements at the same time, and a third one about both proofs. Killed at any moment, it goes on when it is called again with the same
 * file, and pays for nothing twice.
 */
export async function proveTree(
  client: GevulotClient,
  program: Hex,
  statements: { readonly left: Uint8Array; readonly right: Uint8Array; readonly root: Uint8Array },
  file: string,
  options: RunPipelineOptions = {},
) {
  const terms = { program, maxRunTime: 600, escalation: { budget: 100n * 10n ** 18n } }
  const graph = pipeline()
    .stage('left', { ...terms, inputs: { files: { public_inputs: statements.left } } })
    .stage('right', { ...terms, inputs: { files: { public_inputs: statements.right } } })
    .stage('root', {
      ...terms,
      after: ['left', 'right'],
      inputs: ({ left, right }) => ({
        files: { public_inputs: statements.root, left: left.proof, right: right.proof },
      }),
    })
  return graph.run(client, { ...options, state: fileState(file) })
}
