import { keccak256 } from 'ethers'
import type { Hex } from '../chain/hex.js'
import type { PutOptions } from '../content/ContentStore.js'
import { buildInputs, type InputsSpec } from '../content/buildInputs.js'
import { digestFromHex } from '../content/digest.js'
import { PUBLIC_INPUTS } from '../content/InputsManifest.js'
import { clientError } from '../errors/codes/client.js'
import { needed, type Client } from './Client.js'
import { call, type CallOptions } from './call.js'

/** What every action that publishes inputs takes. */
export interface PublishOptions {
  /** Told how far the inputs are in the store, all files together; `total` is there once it is known. */
  readonly onProgress?: PutOptions['onProgress']
}

/** Inputs that are in a store already. */
export interface PublishedInputs {
  /** sha-256 (hex or CID) of the inputs manifest. */
  readonly digest: string
  /** keccak-256 of the public inputs. */
  readonly publicInputs: Hex
  /** Their size, which is checked before a fee is locked; without it that is left to whoever made them. */
  readonly publicInputsBytes?: number
  /** Where everybody can read them, if the store says so. */
  readonly uri?: string
}

/**
 * Publishes inputs in the client's store, as `submit` does by itself. The same inputs are the same, however often they are published.
 * @example
 * const inputs = await client.publishInputs({ files: { public_inputs: words } })
 * @throws GevulotError CLIENT_OPTION_MISSING, CLIENT_PARAMETER_INVALID, `CONTENT_*`
 */
export function publishInputs(
  client: Client,
  inputs: InputsSpec,
  options: CallOptions & PublishOptions = {},
): Promise<PublishedInputs> {
  return call(client, options, async (client) => {
    const { onProgress, signal } = options
    const own = { ...(signal && { signal }) }
    const store = needed(client, 'store', 'publishing inputs')
    const { digest, manifest } = await buildInputs(inputs, store, { ...own, ...(onProgress && { onProgress }) })
    const file = manifest.files.find(({ name }) => name === PUBLIC_INPUTS)
    if (file === undefined) throw clientError('CLIENT_PARAMETER_INVALID', `inputs have no file ${PUBLIC_INPUTS}`)
    const words = await store.get(digestFromHex(file.sha256), { maxBytes: file.size, ...own })
    const files = manifest.files.map(({ sha256 }) => digestFromHex(sha256))
    const uri = await store.uriOf?.([digest, ...files], own)
    return {
      digest,
      publicInputs: keccak256(words) as Hex,
      publicInputsBytes: file.size,
      ...(uri !== undefined && { uri }),
    }
  })
}
