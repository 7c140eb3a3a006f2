import { bn254 } from '@noble/curves/bn254.js'
import { Noir } from '@noir-lang/noir_js'

import { toWords } from '../support/words.js'
import { circuit } from './circuit.js'

/** Messages of a batch. */
export const MESSAGES = 256

/** What the circuit is given: a quarter of the messages that one checkpoint of Aztec's takes over from Ethereum. Numbers are field elements. */
export interface Batch {
  /** 256 of them: hashes of messages, zeros behind the last one. */
  readonly messages: readonly bigint[]
  /** Root of the tree of verifying keys; passed through for the circuit above this one. */
  readonly vkTreeRoot: bigint
  /** Whom Aztec pays for the proof of the epoch; passed through as well. */
  readonly proverId: bigint
}

/** The input files of a workload. */
export interface ParityInputs {
  readonly files: { readonly 'witness.gz': Uint8Array; readonly public_inputs: Uint8Array }
}

/** The four public words of the circuit, in its order. */
interface Roots {
  readonly sha_root: string
  readonly converted_root: string
  readonly vk_tree_root: string
  readonly prover_id: string
}

/** The input files of a workload that proves the roots of a batch (two seconds; the circuit is fetched when it is not here). */
export async function makeInputs({ messages, vkTreeRoot, proverId }: Batch): Promise<ParityInputs> {
  if (messages.length !== MESSAGES) throw new RangeError(`a batch has ${MESSAGES} messages, not ${messages.length}`)
  const inputs = { msgs: messages.map(field), vk_tree_root: field(vkTreeRoot), prover_id: field(proverId) }
  const { witness, returnValue } = await new Noir(await circuit()).execute({ inputs })
  const { sha_root, converted_root, vk_tree_root, prover_id } = returnValue as unknown as Roots
  const words = [sha_root, converted_root, vk_tree_root, prover_id].map(BigInt)
  return { files: { 'witness.gz': witness, public_inputs: toWords(words) } }
}

function field(value: bigint): string {
  if (value < 0n || value >= bn254.fields.Fr.ORDER) throw new RangeError('not an element of the field')
  return `0x${value.toString(16)}`
}
