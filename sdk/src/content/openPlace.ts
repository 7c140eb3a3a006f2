import { contentError } from '../errors/codes/content.js'
import type { ContentSource, ContentStore } from './ContentStore.js'
import { DirectoryStore } from './DirectoryStore.js'
import { HttpStore } from './HttpStore.js'
import { IpfsStore } from './ipfs/IpfsStore.js'
import { KuboStore } from './ipfs/KuboStore.js'
import type { S3Credentials } from './s3/S3Bucket.js'
import { S3Store } from './s3/S3Store.js'

/** What the text of a place does not say, because it is secret or the same for all. */
export interface PlaceOptions {
  readonly s3?: {
    readonly credentials?: S3Credentials
    readonly endpoint?: string
    readonly region?: string
  }
  /** Gateways that `ipfs://` is read through. */
  readonly ipfsGateways?: readonly string[]
  /** See {@link TransferOptions}. */
  readonly attempts?: number
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i

/** Whether a text names a store that is not a directory. */
export function isRemotePlace(place: string): boolean {
  return SCHEME.test(place)
}

/**
 * Opens the store that a text names, which a person of this machine wrote: a directory; `http(s)://…`, to read; `s3://bucket/path`;
 * `kubo+http(s)://host:5001/`, an IPFS node; `ipfs://<CID>`, to read. Never for text of a stranger: see `openStrangersPlace`.
 * @throws GevulotError CONTENT_PLACE_INVALID, CONTENT_ADDRESS_REFUSED
 */
export function openPlace(place: string, options: PlaceOptions = {}): ContentSource {
  const transfer = options.attempts === undefined ? {} : { attempts: options.attempts }
  const scheme = SCHEME.exec(place)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      // What is put there is for others: a server that hands it out, or provers of this machine.
      return new DirectoryStore(place, { isPublic: true })
    case 'http':
    case 'https':
      return new HttpStore(place, { addresses: 'any', ...transfer })
    case 's3':
      return new S3Store({ uri: place, ...options.s3, ...transfer })
    case 'kubo+http':
    case 'kubo+https':
      return new KuboStore(place.slice('kubo+'.length), transfer)
    case 'ipfs':
      return new IpfsStore({ ...{ uri: place, gateways: gatewaysOf(place, options) }, ...transfer })
    default:
      throw contentError('CONTENT_PLACE_INVALID', `no store is reached by ${scheme}://`)
  }
}

/** {@link openPlace} for a place that is to be written. @throws GevulotError CONTENT_READ_ONLY, and as {@link openPlace} */
export function openWritablePlace(place: string, options: PlaceOptions = {}): ContentStore {
  const source = openPlace(place, options)
  if (isStore(source)) return source
  throw contentError('CONTENT_READ_ONLY', `${source.name} can only be read`)
}

/** Whether a source can be written. */
export function isStore(source: ContentSource): source is ContentStore {
  return 'put' in source
}

/**
 * Opens the store that a URI of the chain names; undefined for one that names none. It is a stranger's: it is read without credentials, and reaches
 * addresses of the public internet only, unless `isPrivateAllowed`. Only gateways of one's own are asked for `ipfs://`; without any the store is there and
 * says at each read that they are missing (CONTENT_GATEWAY_MISSING).
 */
export function openStrangersPlace(
  uri: string,
  { isPrivateAllowed, ipfsGateways = [] }: { readonly isPrivateAllowed: boolean; readonly ipfsGateways?: readonly string[] }, // prettier-ignore
): ContentSource | undefined {
  const transfer = { addresses: isPrivateAllowed ? 'any' : 'public', attempts: 2 } as const
  try {
    if (/^https?:\/\//i.test(uri)) return new HttpStore(uri, transfer)
    // Without a query: an endpoint would be any address, said twice.
    if (/^s3:\/\/[^?]*$/i.test(uri)) return new S3Store({ uri, ...transfer })
    if (/^ipfs:\/\//i.test(uri)) return new IpfsStore({ uri, gateways: ipfsGateways, attempts: 2 })
  } catch {
    // Neither is one that cannot be opened.
  }
  return undefined
}

/** The options that the environment holds, under the names that other tools use too. */
export function placeOptionsOf(environment: Readonly<Record<string, string | undefined>>): PlaceOptions {
  const value = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name])
  const accessKeyId = value('AWS_ACCESS_KEY_ID')
  const secretAccessKey = value('AWS_SECRET_ACCESS_KEY')
  const sessionToken = value('AWS_SESSION_TOKEN')
  const endpoint = value('AWS_ENDPOINT_URL_S3') ?? value('AWS_ENDPOINT_URL')
  const region = value('AWS_REGION') ?? value('AWS_DEFAULT_REGION')
  const gateways = value('GEVULOT_IPFS_GATEWAYS')
  return {
    s3: {
      ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }), // prettier-ignore
      ...(endpoint && { endpoint }),
      ...(region && { region }),
    },
    ...(gateways && { ipfsGateways: gateways.split(',').map((gateway) => gateway.trim()) }),
  }
}

function gatewaysOf(place: string, { ipfsGateways = [] }: PlaceOptions): readonly string[] {
  if (ipfsGateways.length > 0) return ipfsGateways
  throw contentError('CONTENT_PLACE_INVALID', `${place.slice(0, 200)} needs a gateway: GEVULOT_IPFS_GATEWAYS, or ipfsGateways`) // prettier-ignore
}
