import { contentError } from '../../errors/codes/content.js'
import { checkUrl } from '../addressPolicy.js'
import type { ContentSource, ReadOptions } from '../ContentStore.js'
import { cidOf, hexOf, type Digest } from '../digest.js'
import { baseUrl } from '../HttpStore.js'
import { MultiStore } from '../MultiStore.js'
import { RemoteSource, type Target, type TransferOptions, type Wanted } from '../remote/RemoteSource.js'
import { cidOfUri } from './cid.js'

/** Options of an {@link IpfsStore}. */
export interface IpfsStoreOptions extends TransferOptions {
  /** Gateways by their base URLs, asked in this order: `http://127.0.0.1:8080/`, `https://gateway.example.org/`. */
  readonly gateways: readonly string[]
  /**
   * `ipfs://<CID>` of a directory whose files are named by the 64 digits of their sha-256, as `KuboStore` publishes them. Without it content is
   * asked for by the CID that follows from its digest, which IPFS has for one block: up to a megabyte or two.
   */
  readonly uri?: string
}

/**
 * Content of IPFS, read through gateways. None of them is believed: the digest is the content's own, so a gateway can withhold, not forge. A gateway
 * repeats what a stranger's directory says, so a redirect that leaves it may lead to the public internet only, wherever the gateway itself is.
 */
export class IpfsStore implements ContentSource {
  readonly name: string
  readonly #gateways: ContentSource

  /**
   * Without a gateway every read rejects with CONTENT_GATEWAY_MISSING.
   * @throws GevulotError CONTENT_PLACE_INVALID, CONTENT_ADDRESS_REFUSED
   */
  constructor({ gateways, uri, ...transfer }: IpfsStoreOptions) {
    const root = uri === undefined ? undefined : cidOfUri(uri)
    if (uri !== undefined && root === undefined)
      throw contentError('CONTENT_PLACE_INVALID', `${JSON.stringify(uri.slice(0, 200))} is not like ipfs://<CID>`)
    this.#gateways =
      gateways.length === 0
        ? new NoGateway(uri ?? 'ipfs://')
        : new MultiStore(gateways.map((gateway) => new Gateway(gateway, root, transfer)))
    this.name = this.#gateways.name
  }

  has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return this.#gateways.has(digest, options)
  }

  open(digest: Digest, options: ReadOptions): AsyncIterable<Uint8Array> {
    return this.#gateways.open(digest, options)
  }

  get(digest: Digest, options: ReadOptions): Promise<Uint8Array> {
    return this.#gateways.get(digest, options)
  }

  save(digest: Digest, path: string, options: ReadOptions): Promise<number> {
    return this.#gateways.save(digest, path, options)
  }
}

class Gateway extends RemoteSource {
  readonly #base: URL
  readonly #root: string | undefined

  constructor(gateway: string, root: string | undefined, transfer: TransferOptions) {
    const base = baseUrl(gateway)
    const addresses = transfer.addresses ?? 'any'
    checkUrl(base, addresses)
    super(`gateway ${base.origin}${base.pathname}`, { ...transfer, addresses, redirects: 'public' })
    this.#base = base
    this.#root = root
  }

  protected target({ method, digest }: Wanted): Target {
    const path = this.#root === undefined ? `ipfs/${cidOf(digest)}?format=raw` : `ipfs/${this.#root}/${hexOf(digest)}`
    return { method, url: new URL(path, this.#base) }
  }
}

/** Says at every read what is missing, so that it stands among the reasons why content was not found. */
class NoGateway implements ContentSource {
  readonly name: string

  constructor(uri: string) {
    this.name = `${uri} without a gateway`
  }

  has(): Promise<boolean> {
    return Promise.resolve(false)
  }

  open(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#refuse() }) }
  }

  get(): Promise<Uint8Array> {
    return this.#refuse()
  }

  save(): Promise<number> {
    return this.#refuse()
  }

  #refuse(): Promise<never> {
    return Promise.reject(contentError('CONTENT_GATEWAY_MISSING', `${this.name} cannot be read`))
  }
}
