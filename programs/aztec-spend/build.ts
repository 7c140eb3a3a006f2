import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { build } from 'esbuild'

import {
  buildPackage,
  type ContentStore,
  DirectoryStore,
  type PackageSpec,
  type SourceFile,
} from '../../sdk/src/content/index.js'
import { bundle } from '../support/bundle.js'
import { runtimeLibraries, withPackagedLoader } from '../support/elf.js'
import { nodeProgram } from '../support/node.js'
import { type BuiltProgram, DEVELOPMENT_LABEL, type ProgramFacts } from '../support/program.js'
import { creationCode } from '../support/solc.js'
import { BB } from './bb.js'
import facts from './program.json' with { type: 'json' }
import { resolveSrs, type Srs, type SrsOptions } from './srs.js'

const { name, prove, verify, verifier, class: hardware }: ProgramFacts = facts

/** How to build the packages. */
export interface BuildOptions extends SrsOptions {
  readonly store: ContentStore
}

/**
 * Builds the prover and the verifier package into a store. Which variant comes out depends on the SRS that is found (see
 * {@link resolveSrs}) and is named in the result; ask for one with `variant`.
 */
export async function buildPackages({ store, ...where }: BuildOptions): Promise<BuiltProgram> {
  const srs = await resolveSrs(where)
  const { variant } = srs
  const contract = verifier.contracts[variant]
  if (contract === undefined) throw new Error(`program.json names no contract for ${variant}`)
  const source = `contracts/verifiers/aztec-spend/${contract}.sol`
  const key: SourceFile = { path: 'vk', source: await readFile(join(import.meta.dirname, 'keys', `${variant}.vk`)) }
  const labels = variant === 'development' ? [DEVELOPMENT_LABEL] : []
  return {
    name,
    class: hardware,
    variant,
    prover: await buildPackage({ ...proverSpec(srs, key), labels }, store),
    verifier: await buildPackage(
      { ...(variant === 'ignition' ? nativeVerifier(srs, key) : await evmVerifier(source, contract)), labels },
      store,
    ),
    contract: { name: contract, source, gas: verifier.gas },
  }
}

function proverSpec(srs: Srs, key: SourceFile): PackageSpec {
  const circuit: SourceFile = { path: 'circuit.json', source: join(import.meta.dirname, 'keys', 'spend.json') }
  return bbProgram(
    {
      name: `${name}-prove`,
      role: 'prove',
      resources: prove,
      command: { outputs: { proof: '/out/proof' }, exit: { '0': 'ok' } },
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
    [circuit, key, ...srsFile(srs)],
  )
}

/** bb verifies with the ceremony's SRS only: its [tau]G2 is part of the program. */
function nativeVerifier(srs: Srs, key: SourceFile): PackageSpec {
  return bbProgram(
    {
      name: `${name}-verify`,
      role: 'verify',
      resources: verify,
      command: { outputs: {}, exit: { '0': 'valid', '1': 'invalid' } },
    },
    ['verify', '-p', '/in/proof', '-i', '/in/public_inputs', '-k', '/app/vk', '-t', 'evm', '-c', '/app/srs'],
    [key, ...srsFile(srs)],
  )
}

/** With the development SRS the verifier contract decides off chain too. */
async function evmVerifier(source: string, contract: string): Promise<PackageSpec> {
  const script = await bundle(build, join(import.meta.dirname, 'verifier.ts'))
  const program = nodeProgram(script, [
    { path: 'verifier.bin', source: creationCode(source, contract) },
    { path: 'limits.json', source: Buffer.from(JSON.stringify({ gas: verifier.gas })) },
  ])
  return { name: `${name}-verify`, role: 'verify', resources: verify, ...program }
}

function bbProgram(
  spec: Omit<PackageSpec, 'argv' | 'env' | 'files'>,
  args: readonly string[],
  data: readonly SourceFile[],
): PackageSpec {
  const libraries = runtimeLibraries(BB)
  return {
    ...spec,
    argv: [...withPackagedLoader('bin/bb', libraries), ...args],
    // bb would otherwise start one thread for every core of the machine.
    env: { HARDWARE_CONCURRENCY: String(spec.resources.cores) },
    files: [...libraries, { path: 'bin/bb', source: BB, executable: true }, ...data],
  }
}

function srsFile({ points }: Srs): SourceFile[] {
  return [{ path: 'srs/bn254_g1.dat', source: points }]
}

if (import.meta.filename === process.argv[1]) {
  const { variant, prover, verifier } = await buildPackages({
    store: new DirectoryStore(join(import.meta.dirname, 'dist')),
  })
  console.log(JSON.stringify({ variant, prover: prover.digest, verifier: verifier.digest }, null, 2))
}
