import { keccak256 } from 'ethers'
import type { Spec } from '../chain/spec.js'
import { digestFromHex } from '../content/digest.js'
import { MAX_INPUTS_MANIFEST_BYTES, parseInputsManifest, PUBLIC_INPUTS } from '../content/InputsManifest.js'
import { clientError } from '../errors/codes/client.js'
import type { Client } from './Client.js'

/** Public inputs are transaction data: no workload has more. */
const MAX_PUBLIC_INPUTS_BYTES = 2 ** 20

/**
 * Fetches the public inputs of a workload from the content stores and checks them against its spec.
 * @throws GevulotError CLIENT_OPTION_MISSING, CLIENT_PROOF_MISMATCH, `CONTENT_*`
 */
export async function fetchPublicInputs(client: Client, spec: Spec, signal?: AbortSignal): Promise<Uint8Array> {
  const source = client.source ?? client.store
  if (source === undefined)
    throw clientError('CLIENT_OPTION_MISSING', 'fetching public inputs needs a client with store or source')
  const options = signal && { signal }
  const manifest = parseInputsManifest(
    await source.get(spec.inputs, { maxBytes: MAX_INPUTS_MANIFEST_BYTES, ...options }),
  )
  const file = manifest.files.find(({ name }) => name === PUBLIC_INPUTS)
  const words =
    file === undefined
      ? new Uint8Array()
      : await source.get(digestFromHex(file.sha256), { maxBytes: MAX_PUBLIC_INPUTS_BYTES, ...options })
  if (keccak256(words) !== spec.publicInputs) {
    throw clientError('CLIENT_PROOF_MISMATCH', 'the public inputs in the store are not those of the workload')
  }
  return words
}
