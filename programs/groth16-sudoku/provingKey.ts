import { readFile } from 'node:fs/promises'

import { developmentKey } from './setup.js'

/** A proving key and where it comes from. */
export interface ProvingKeyFile {
  readonly bytes: Uint8Array
  /** Made from publicly known secrets: anyone can forge proofs. */
  readonly development: boolean
}

/** The proving key: `SUDOKU_ZKEY` names a `.zkey` from a real ceremony; without it, the development key. */
export async function resolveProvingKey(
  r1cs: Uint8Array,
  ceremony = process.env['SUDOKU_ZKEY'],
): Promise<ProvingKeyFile> {
  if (ceremony !== undefined) return { bytes: await readFile(ceremony), development: false }
  return { bytes: developmentKey(r1cs), development: true }
}
