import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Hex } from '../../chain/hex.js'
import { aztecError } from '../../errors/codes/aztec.js'

const MAX_CHARACTERS = 2 ** 16

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/).transform((text) => text as Hex) // prettier-ignore
const bytes = z.string().regex(/^0x([0-9a-fA-F]{2})*$/).transform((text) => text as Hex) // prettier-ignore
const word = z.string().regex(/^0x[0-9a-fA-F]{64}$/).transform((text) => text as Hex) // prettier-ignore
const number = z
  .string()
  .regex(/^(0|[1-9]\d{0,77})$/)
  .transform(BigInt)

const signedBond = z.strictObject({
  schema: z.literal('gevulot/epoch-bond@1'),
  chainId: z.number().int().positive(),
  /** Which bonds contract. */
  bonds: address,
  bond: z.strictObject({
    ...{ proposer: address, prover: address, proverId: address, slot: number },
    span: z.strictObject({ epoch: number, first: number, last: number, archive: word }),
    ...{ deposit: number, tip: number, bounty: number },
  }),
  /** EIP-712, by the proposer. */
  signature: bytes,
})

/** A bond that its proposer signed: whoever holds it can open it. Amounts are token units. */
export type SignedBond = z.output<typeof signedBond>

/**
 * Reads a signed bond from a JSON file.
 * @throws GevulotError AZTEC_BOND_MALFORMED
 */
export async function readSignedBond(path: string): Promise<SignedBond> {
  let value: unknown
  try {
    const text = await readFile(path, 'utf8')
    if (text.length > MAX_CHARACTERS) throw new Error(`it has more than ${MAX_CHARACTERS} characters`)
    value = JSON.parse(text)
  } catch (cause) {
    throw aztecError('AZTEC_BOND_MALFORMED', `${path} cannot be read as JSON`, { cause })
  }
  const { success, data, error } = signedBond.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  throw aztecError('AZTEC_BOND_MALFORMED', `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`)
}

/** Writes a signed bond; a file that is there is not replaced. @throws GevulotError AZTEC_BOND_MALFORMED */
export async function writeSignedBond(path: string, signed: SignedBond): Promise<void> {
  const text = JSON.stringify(signed, (_, entry: unknown) => (typeof entry === 'bigint' ? String(entry) : entry), 2)
  await writeFile(path, `${text}\n`, { flag: 'wx' }).catch((cause: unknown) => {
    throw aztecError('AZTEC_BOND_MALFORMED', `${path} cannot be written; nothing was signed away: give another name`, {
      cause,
    })
  })
}
