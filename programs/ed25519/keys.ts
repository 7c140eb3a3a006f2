import { createHash } from 'node:crypto'

import { formatted, type Generated, writeOrCheck } from '../support/pinned.js'
import { resolveSrs } from '../support/srs.js'
import { POINTS, writeKeys } from './contract.js'
import { circuitFile } from './circuit.js'

/** The pinned files: the development key, and the digests of what is too long to be kept. */
export async function generate(): Promise<Generated> {
  const circuit = await circuitFile()
  const { key, contract } = await writeKeys(
    circuit,
    await resolveSrs({ variant: 'development', directory: null, download: null, points: POINTS }),
  )
  const digests = { circuit: sha256(circuit), contract: sha256(Buffer.from(contract.source)) }
  const path = 'programs/ed25519/keys/digests.json'
  return new Map<string, string | Uint8Array>([
    ['programs/ed25519/keys/development.vk', key],
    [path, await formatted(JSON.stringify(digests), path)],
  ])
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

if (import.meta.filename === process.argv[1]) await writeOrCheck(await generate())
