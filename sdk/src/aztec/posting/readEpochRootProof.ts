import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { aztecError } from '../../errors/codes/aztec.js'
import type { EpochRootProof } from './EpochRootProof.js'

/** Far more than any proof of an epoch has. */
const MAX_CHARACTERS = 2 ** 20

const hex = z.templateLiteral(['0x', z.string()])
const number = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]).transform(BigInt)

const epochRootProof = z.strictObject({
  start: number,
  end: number,
  args: z.strictObject({ previousArchive: hex, endArchive: hex, outHash: hex, proverId: hex }),
  fees: z.array(hex),
  attestations: z.strictObject({ signatureIndices: hex, signaturesOrAddresses: hex }),
  blobInputs: hex,
  proof: hex,
})

/**
 * Reads a proof of an epoch from a JSON file: the arguments of the rollup's `submitEpochRootProof` by their names, whole numbers as such or as text.
 * @throws GevulotError AZTEC_PROOF_MALFORMED
 */
export async function readEpochRootProof(path: string): Promise<EpochRootProof> {
  let value: unknown
  try {
    const text = await readFile(path, 'utf8')
    if (text.length > MAX_CHARACTERS) throw new Error(`it has more than ${MAX_CHARACTERS} characters`)
    value = JSON.parse(text)
  } catch (cause) {
    throw aztecError('AZTEC_PROOF_MALFORMED', `${path} cannot be read as JSON`, { cause })
  }
  const { success, data, error } = epochRootProof.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  const where = issue?.path.join('.') ?? ''
  throw aztecError(
    'AZTEC_PROOF_MALFORMED',
    `${path}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'malformed'}`,
  )
}
