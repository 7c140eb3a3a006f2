import { join } from 'node:path'

import type { build } from 'esbuild'

import { elfProgram, type PackageSpec, type SourceFile } from '../../sdk/src/content/index.js'
import { BB } from './bb.js'
import { bundle } from './bundle.js'
import { nodeProgram } from './node.js'
import type { ProgramFacts } from './program.js'
import type { Srs } from './srs.js'

/** What the packages of a bb program hold. */
export interface BbParts {
  readonly facts: ProgramFacts
  readonly srs: Srs
  /** The verifying key, as bb wrote it. */
  readonly key: Uint8Array
  readonly labels: readonly string[]
}

/** The prover: bb as it is, with the circuit; the workload brings the solved witness. @param circuit Path or content of the compiled circuit */
export function bbProver({ facts, srs, key, labels }: BbParts, circuit: string | Uint8Array): Promise<PackageSpec> {
  return bbProgram(
    {
      name: `${facts.name}-prove`,
      role: 'prove',
      resources: facts.prove,
      command: { outputs: { proof: '/out/proof' }, exit: { '0': 'ok' } },
      labels,
    },
    [
      'prove',
      '-b',
      '/app/circuit.json',
      '-w',
      '/in/witness.gz',
      '-k',
      '/app/vk',
      '-o',
      '/out',
      '-t',
      'evm',
      '-c',
      '/app/srs',
    ],
    [{ path: 'circuit.json', source: circuit }, { path: 'vk', source: key }, srsFile(srs)],
  )
}

/** bb verifies with the ceremony's SRS only: its [tau]G2 is part of the program. */
export function bbVerifier({ facts, srs, key, labels }: BbParts): Promise<PackageSpec> {
  return bbProgram(
    {
      name: `${facts.name}-verify`,
      role: 'verify',
      resources: facts.verify,
      command: { outputs: {}, exit: { '0': 'valid', '1': 'invalid' } },
      labels,
    },
    ['verify', '-p', '/in/proof', '-i', '/in/public_inputs', '-k', '/app/vk', '-t', 'evm', '-c', '/app/srs'],
    [{ path: 'vk', source: key }, srsFile(srs)],
  )
}

/** With the development SRS the verifier contract decides off chain too. @param esbuild `build` of the program's own esbuild @param code Its creation code */
export async function contractVerifier(
  esbuild: typeof build,
  { facts, labels }: Pick<BbParts, 'facts' | 'labels'>,
  code: Uint8Array,
): Promise<PackageSpec> {
  const script = await bundle(esbuild, join(import.meta.dirname, 'contractVerifier.ts'))
  const program = await nodeProgram(script, [
    { path: 'verifier.bin', source: code },
    { path: 'limits.json', source: Buffer.from(JSON.stringify({ gas: facts.verifier.gas })) },
  ])
  return { name: `${facts.name}-verify`, role: 'verify', resources: facts.verify, ...program, labels }
}

async function bbProgram(
  spec: Omit<PackageSpec, 'argv' | 'env' | 'files'>,
  args: readonly string[],
  data: readonly SourceFile[],
): Promise<PackageSpec> {
  return {
    ...spec,
    ...(await elfProgram(BB, { args, files: data })),
    // bb would otherwise start one thread for every core of the machine.
    env: { HARDWARE_CONCURRENCY: String(spec.resources.cores) },
  }
}

function srsFile({ points }: Srs): SourceFile {
  return { path: 'srs/bn254_g1.dat', source: points }
}
