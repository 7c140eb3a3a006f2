import { join } from 'node:path'

import type { CompiledCircuit } from '@noir-lang/noir_js'
import { compile, createFileManager } from '@noir-lang/noir_wasm'

/** The circuits of this program: the statement, and what derives its public inputs. */
export type CircuitName = 'spend' | 'derive'

/** Compiles a circuit. Debug information is left out: it holds paths of this machine, and the digest must not depend on them. */
export async function compileCircuit(name: CircuitName): Promise<CompiledCircuit> {
  const circuits = join(import.meta.dirname, 'circuits')
  const { program } = await compile(
    createFileManager(circuits),
    join(circuits, name),
    () => {},
    () => {},
  )
  return { abi: program.abi, bytecode: program.bytecode, debug_symbols: '', file_map: {} }
}
