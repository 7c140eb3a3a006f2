import { createHash } from 'node:crypto'

import { writeHonkKey } from '../support/honkKeys.js'
import { formatted, type Generated, writeOrCheck } from '../support/pinned.js'
import { resolveSrs } from '../support/srs.js'
import { circuitFile } from './circuit.js'
import { POINTS, writeContract } from './contract.js'

/** The pinned files: the development key (5 GB of memory, half a minute), and the digests of what is too long to be kept. */
export async function generate(): Promise<Generated> {
  const circuit = await circuitFile()
  const where = { variant: 'development', directory: null, download: null } as const
  const key = await writeHonkKey(circuit, await resolveSrs({ ...where, points: POINTS }))
  const { source } = await writeContract(key, 'development')
  const digests = { circuit: sha256(circuit), contract: sha256(Buffer.from(source)) }
  const path = 'programs/aztec-parity-base/keys/digests.json'
  return new Map<string, string | Uint8Array>([
    ['programs/aztec-parity-base/keys/development.vk', key],
    [path, await formatted(JSON.stringify(digests), path)],
  ])
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

if (import.meta.filename === process.argv[1]) await writeOrCheck(await generate())
