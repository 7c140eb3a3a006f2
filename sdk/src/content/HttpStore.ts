import { contentError } from '../errors/codes/content.js'
import { checkUrl } from './addressPolicy.js'
import { cidOf, hexOf } from './digest.js'
import { RemoteSource, type Target, type TransferOptions, type Wanted } from './remote/RemoteSource.js'

/** Options of an {@link HttpStore}. */
export interface HttpStoreOptions extends TransferOptions {
  /** How the digest appears behind the base URL; default `hex`. */
  readonly form?: 'hex' | 'cid'
}

/** Content behind `GET <base>/<digest>`: resumed where a transfer broke, retried, checked. Source: design section 7. */
export class HttpStore extends RemoteSource {
  readonly #base: string
  readonly #form: 'hex' | 'cid'

  /**
   * @param base For example `https://content.example.org/`.
   * @throws GevulotError CONTENT_ADDRESS_REFUSED
   */
  constructor(base: string, options: HttpStoreOptions = {}) {
    const { form = 'hex', ...transfer } = options
    const url = baseUrl(base)
    checkUrl(url, transfer.addresses ?? 'public')
    super(url.origin + url.pathname, transfer)
    this.#base = url.href
    this.#form = form
  }

  protected target({ method, digest }: Wanted): Target {
    return { method, url: new URL(this.#form === 'hex' ? hexOf(digest) : cidOf(digest), this.#base) }
  }
}

/** A URL to put names behind. @throws GevulotError CONTENT_ADDRESS_REFUSED */
export function baseUrl(base: string): URL {
  const slashed = base.endsWith('/') ? base : `${base}/`
  if (URL.canParse(slashed)) return new URL(slashed)
  throw contentError('CONTENT_ADDRESS_REFUSED', `not a URL: ${JSON.stringify(base.slice(0, 200))}`)
}
