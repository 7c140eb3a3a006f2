import { join } from 'node:path'

import type { CompiledCircuit } from '@noir-lang/noir_js'
import { compile, createFileManager } from '@noir-lang/noir_wasm'

let compiled: Promise<CompiledCircuit> | undefined

/** The circuit of this program; compiled once (some seconds). */
export function circuit(): Promise<CompiledCircuit> {
  return (compiled ??= compileCircuit(join(import.meta.dirname, 'circuit')))
}

/**
 * Compiles a circuit. Debug information is left out: it holds paths of this machine, and the digest must not depend on them.
 * @throws If the compiler has a warning: one that speaks of an unconstrained value is a hole in the proof
 */
export async function compileCircuit(directory: string): Promise<CompiledCircuit> {
  const { program, warnings } = await compile(
    createFileManager(directory),
    directory,
    () => {},
    () => {},
  )
  if (warnings.length > 0) throw new Error(`the compiler warns: ${JSON.stringify(warnings)}`)
  return { abi: program.abi, bytecode: program.bytecode, debug_symbols: '', file_map: {} }
}

/** The file that bb reads. */
export async function circuitFile(): Promise<Uint8Array> {
  return Buffer.from(JSON.stringify(await circuit()))
}
