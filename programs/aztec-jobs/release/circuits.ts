import { executeCircuit } from '@aztec/noir-acvm_js'
import * as server from '@aztec/noir-protocol-circuits-types/server'
import { ServerCircuitVks } from '@aztec/noir-protocol-circuits-types/server/vks'
import { getProvingJobInputClassFor } from '@aztec/stdlib/interfaces/server'

import { factsOf, type JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { CIRCUITS, type Circuit } from '../circuits/index.js'
import type { Simulation } from '../simulate.js'

/** Aztec's own conversions, by name: to a circuit's witness and back. */
const conversions = server as unknown as Readonly<Record<string, (value: unknown, simulated: boolean) => unknown>>

/** What Aztec itself does not execute but passes through: results without a circuit. */
const PASSED_THROUGH: readonly JobTypeName[] = ['PUBLIC_VM', 'PUBLIC_CHONK_VERIFIER']

/** Aztec's own circuits, in the simulated form that it publishes for its tests, executed by its own ACVM. Nothing is proven. */
export const releaseCircuits: Simulation = {
  circuit: (type) => (PASSED_THROUGH.includes(type) ? CIRCUITS[type] : executed(type)),
  key: (type) => {
    const key = ServerCircuitVks[artifactOf(type)] ?? ServerCircuitVks[nameOf(type)]
    if (key === undefined) throw new Error(`the release has no verification key of ${type}`)
    return key.toBuffer()
  },
}

function executed(type: JobTypeName): Circuit | undefined {
  if (server.SimulatedServerCircuitArtifacts[artifactOf(type)] === undefined) return undefined
  return async (inputs) => (await solve(type, inputs)).publicInputs
}

/** A circuit that was executed on its inputs. */
export interface Solved {
  /** Its ACIR, compressed as Aztec publishes it. */
  readonly bytecode: Uint8Array
  /** By index. */
  readonly witness: ReadonlyMap<number, string>
  /** As results carry them. */
  readonly publicInputs: Uint8Array
}

/**
 * Executes the circuit of a type: the real one where Aztec publishes no simulated form beside it, as of PARITY_BASE and CHECKPOINT_PADDING_ROLLUP.
 * @throws Error when the inputs do not satisfy it
 */
export async function solve(type: JobTypeName, bytes: Uint8Array): Promise<Solved> {
  const artifact = server.SimulatedServerCircuitArtifacts[artifactOf(type)]
  if (artifact === undefined) throw new Error(`the release has no circuit of ${type}`)
  const inputs = getProvingJobInputClassFor(factsOf(type).type).fromBuffer(Buffer.from(bytes))
  const toWitness = conversion(`convert${nameOf(type)}PrivateInputsToWitnessMap`)
  const fromWitness = conversion(`convert${nameOf(type)}OutputsFromWitnessMap`)
  const bytecode = Buffer.from(artifact.bytecode, 'base64')
  const witness = await executeCircuit(bytecode, toWitness(inputs, true), server.foreignCallHandler)
  return { bytecode, witness, publicInputs: (fromWitness(witness, true) as { toBuffer(): Buffer }).toBuffer() }
}

function conversion(name: string): (value: unknown, simulated: boolean) => unknown {
  const found = conversions[name]
  if (found === undefined) throw new Error(`the release has no ${name}`)
  return found
}

/** `BLOCK_ROOT_ROLLUP` → `BlockRootRollup`. */
function nameOf(type: JobTypeName): string {
  return type.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function artifactOf(type: JobTypeName): string {
  return `${nameOf(type)}Artifact`
}
