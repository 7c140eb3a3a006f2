import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const require = createRequire(import.meta.url)

/** What the circom compiler makes of the circuit. */
export interface CompiledCircuit {
  readonly r1cs: Uint8Array
  /** WebAssembly that computes a witness. */
  readonly witnessGenerator: Uint8Array
}

/** Compiles `circuit/sudoku.circom` (half a second). The wasm build of circom is a command-line tool only, so it runs as one. */
export async function compileCircuit(): Promise<CompiledCircuit> {
  const out = await mkdtemp(join(tmpdir(), 'sudoku-'))
  try {
    // Linear constraints are solved away (O2): 810 constraints remain, which halves the domain and the key.
    const args = [require.resolve('circom2/cli.js'), 'circuit/sudoku.circom', '--r1cs', '--wasm', '--O2', '-o', out]
    await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })
    const [r1cs, witnessGenerator] = await Promise.all([
      readFile(join(out, 'sudoku.r1cs')),
      readFile(join(out, 'sudoku_js', 'sudoku.wasm')),
    ])
    return { r1cs, witnessGenerator }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
