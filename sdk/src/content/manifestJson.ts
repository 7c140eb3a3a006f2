import { contentError } from '../errors/codes/content.js'
import { canonicalJson } from './canonicalJson.js'
import { digestOf, type Digest } from './digest.js'
import { parseJson, ShapeError, utf8 } from './shape.js'

/** A manifest in its canonical bytes, with the digest that names it. */
export interface EncodedManifest {
  readonly bytes: Uint8Array
  readonly digest: Digest
}

/** The canonical bytes and the digest of a checked manifest. */
export function encodeManifest(manifest: object): EncodedManifest {
  const bytes = utf8.encode(canonicalJson(manifest))
  return { bytes, digest: digestOf(bytes) }
}

/**
 * Reads a manifest from a stranger: capped, shaped by `read`, and canonical. Canonical bytes rule out repeated keys,
 * odd numbers and every second spelling, so one manifest has one digest.
 * @throws GevulotError CONTENT_MANIFEST_INVALID
 */
export function decodeManifest<T>(bytes: Uint8Array, maxBytes: number, read: (value: unknown) => T): T {
  try {
    if (bytes.length > maxBytes) throw new ShapeError(`larger than ${maxBytes} bytes`)
    const manifest = read(parseJson(bytes))
    const canonical = utf8.encode(canonicalJson(manifest))
    if (canonical.length !== bytes.length || !canonical.every((byte, index) => byte === bytes[index])) {
      throw new ShapeError('not canonical: keys are sorted, there is no white space, nothing is repeated')
    }
    return manifest
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof TypeError)) throw error
    throw contentError('CONTENT_MANIFEST_INVALID', `invalid manifest: ${error.message}`, { cause: error })
  }
}
