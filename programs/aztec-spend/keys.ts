import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { formatted, type Generated, writeOrCheck } from '../support/pinned.js'
import { withBb } from '../support/bb.js'
import { compileCircuit } from './circuit.js'
import { honkContract } from '../support/honk.js'
import { resolveSrs, type Srs, type SrsVariant } from '../support/srs.js'

const VARIANTS: readonly SrsVariant[] = ['ignition', 'development']

/** The pinned files that this machine can make: those of the ceremony's SRS need that SRS. */
export async function generate(variants: readonly Srs[]): Promise<Generated> {
  const files = new Map<string, string | Uint8Array>()
  for (const name of ['spend', 'derive'] as const) {
    const path = `programs/aztec-spend/keys/${name}.json`
    files.set(path, await formatted(JSON.stringify(await compileCircuit(name)), path))
  }
  const spend = files.get('programs/aztec-spend/keys/spend.json') ?? ''
  for (const srs of variants) {
    const { vk, solidity } = await withBb(srs, { 'spend.json': spend }, async (bb, directory) => {
      await bb('write_vk', '-b', 'spend.json', '-o', '.', '-t', 'evm')
      await bb('write_solidity_verifier', '-k', 'vk', '-o', 'verifier.sol', '-t', 'evm', '--optimized')
      return {
        vk: await readFile(join(directory, 'vk')),
        solidity: await readFile(join(directory, 'verifier.sol'), 'utf8'),
      }
    })
    const contract = honkContract(solidity, 'aztec-spend', srs.variant)
    files.set(`programs/aztec-spend/keys/${srs.variant}.vk`, vk)
    files.set(contract.path, contract.source)
  }
  return files
}

/** The SRSs that this machine has or can get. */
export async function availableSrs(download: typeof fetch | null = fetch): Promise<Srs[]> {
  const found = await Promise.allSettled(VARIANTS.map((variant) => resolveSrs({ variant, download })))
  return found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

if (import.meta.filename === process.argv[1]) {
  const available = await availableSrs()
  for (const { variant, source } of available) console.log(`${variant}: SRS from ${source}`)
  if (available.length < VARIANTS.length) console.log('ignition: left as it is, its SRS was not found (set CRS_PATH)')
  await writeOrCheck(await generate(available))
}
