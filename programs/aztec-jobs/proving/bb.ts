import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { factsOf, type JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'

/** A proof as bb writes it, and the public inputs that it is of. */
export interface BbProof {
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

/** What ended it says nothing of the proof: no memory, or a time limit. */
const FROM_OUTSIDE = ['SIGKILL', 'SIGTERM']

/** Proves a circuit as Aztec's own prover calls bb. @param witness Compressed */
export function prove(type: JobTypeName, bytecode: Uint8Array, witness: Uint8Array): BbProof {
  return inDirectory((directory) => {
    const [circuit, solved] = [join(directory, 'circuit'), join(directory, 'witness')]
    writeFileSync(circuit, bytecode)
    writeFileSync(solved, witness)
    const files = ['-b', circuit, '-w', solved, '-k', keyOf(type), '-o', directory]
    if (!bb(directory, ['prove', ...flavour(type), ...files])) throw new Error('bb made no proof')
    return {
      proof: readFileSync(join(directory, 'proof')),
      publicInputs: readFileSync(join(directory, 'public_inputs')),
    }
  })
}

/** Whether bb takes a proof with the pinned key. */
export function verify(type: JobTypeName, { proof, publicInputs }: BbProof): boolean {
  return inDirectory((directory) => {
    const [proven, inputs] = [join(directory, 'proof'), join(directory, 'public_inputs')]
    writeFileSync(proven, proof)
    writeFileSync(inputs, publicInputs)
    return bb(directory, ['verify', ...flavour(type), '-p', proven, '-i', inputs, '-k', keyOf(type)])
  })
}

function keyOf(type: JobTypeName): string {
  return `/app/keys/${type}.vk`
}

/** As Aztec's own prover calls it; a proof of so many fields carries a claim about an inner product to the circuit above. */
function flavour(type: JobTypeName): string[] {
  const isRollup = factsOf(type).proofFields === 519
  return ['--scheme', 'ultra_honk', '--oracle_hash', 'poseidon2', '--disable_zk', ...(isRollup ? ['--ipa_accumulation'] : [])] // prettier-ignore
}

/** @returns Whether it ended with 0. A proof that makes it fail or break off is none. */
function bb(directory: string, args: readonly string[]): boolean {
  // It makes the points of the second curve, which need no ceremony, beside the first's.
  const points = join(directory, 'srs')
  mkdirSync(points)
  symlinkSync('/app/srs/bn254_g1.dat', join(points, 'bn254_g1.dat'))
  const start = ['--library-path', '/app/bb/lib', '/app/bb/bin/bb']
  const { status, signal, error } = spawnSync('/app/bb/lib/ld-linux-x86-64.so.2', [...start, ...args, '-c', points], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error !== undefined) throw error
  if (signal !== null && FROM_OUTSIDE.includes(signal)) throw new Error(`bb was ended by ${signal}`)
  return status === 0
}

/** What is written on the way is no output of the job. */
function inDirectory<T>(act: (directory: string) => T): T {
  const directory = mkdtempSync('/out/bb-')
  try {
    return act(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
