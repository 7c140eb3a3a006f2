import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const require = createRequire(import.meta.url)

/**
 * The rank-1 constraint system of `circuit/sudoku.circom` as circom's compiler writes it (half a second). The compiler is GPL-3.0 and
 * runs as a tool of its own; nothing of it ends up in a package.
 */
export async function compileCircuit(): Promise<Uint8Array> {
  const out = await mkdtemp(join(tmpdir(), 'marlin-sudoku-'))
  try {
    // Without --O2 signals keep the order in which the circuit declares them; the prover (sudoku.cpp) counts on it.
    const args = [require.resolve('circom2/cli.js'), 'circuit/sudoku.circom', '--r1cs', '--O1', '-o', out]
    await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })
    return await readFile(join(out, 'sudoku.r1cs'))
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
