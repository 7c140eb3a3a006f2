import { contentError } from '../../errors/codes/content.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { readBody } from '../../readBody.js'
import type { ContentInput, ContentStore, PutOptions, StoredContent } from '../ContentStore.js'
import { cidOf, hexOf, type Digest } from '../digest.js'
import { baseUrl } from '../HttpStore.js'
import { putProgress } from '../putProgress.js'
import { patiently } from '../remote/patiently.js'
import { RemoteSource, type Target, type TransferOptions, type Wanted } from '../remote/RemoteSource.js'
import { withKnown, type KnownContent } from '../remote/withKnown.js'
import { cidOfUri } from './cid.js'

/** Options of a {@link KuboStore}. */
export interface KuboStoreOptions extends TransferOptions {
  /** Where the node's own file system keeps what is put; default `/gevulot`. */
  readonly directory?: string
  /** Milliseconds for one command, an upload apart; default 60,000. */
  readonly timeoutMs?: number
}

/** A body that is sent as it is read. */
interface Upload {
  readonly headers: Readonly<Record<string, string>>
  readonly body: ReadableStream<Uint8Array>
  readonly duplex: 'half'
}

/** What is put in one block has the CID that follows from its digest. */
const BLOCK_BYTES = 1 << 20
const MAX_ANSWER_BYTES = 1 << 20

/**
 * Content in an IPFS node of one's own, through Kubo's RPC. Content is pinned, and stands in the node's file system under the 64 digits of its sha-256,
 * so that whatever CID a large file has, it is found by its digest. {@link KuboStore.uriOf} makes a directory of some of it, under a URI that anybody's
 * gateway reads. Source: Kubo's RPC API v0.
 */
export class KuboStore extends RemoteSource implements ContentStore {
  readonly #base: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #directory: string
  readonly #timeoutMs: number
  readonly #uploadMs: number
  readonly #patience: { readonly attempts: number; readonly retryDelayMs: number }

  /**
   * @param rpc For example `http://127.0.0.1:5001/`. Whoever reaches it commands the node: keep it private.
   * @throws GevulotError CONTENT_ADDRESS_REFUSED
   */
  constructor(rpc: string, options: KuboStoreOptions = {}) {
    const { directory = '/gevulot', timeoutMs = 60_000, ...transfer } = options
    const base = baseUrl(rpc)
    super(`IPFS node ${base.origin}${base.pathname}`, { addresses: 'any', ...transfer, redirects: 'none' })
    this.#headers = authorization(base)
    base.username = base.password = ''
    this.#base = base
    this.#directory = directory
    this.#timeoutMs = timeoutMs
    this.#uploadMs = transfer.totalTimeoutMs ?? 30 * 60_000
    this.#patience = { attempts: transfer.attempts ?? 5, retryDelayMs: transfer.retryDelayMs ?? 250 }
  }

  override async has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return (await this.#statOf(this.#pathOf(digest), options.signal)) !== undefined
  }

  protected async target({ digest, from, signal }: Wanted): Promise<Target> {
    const path = this.#pathOf(digest)
    if ((await this.#statOf(path, signal)) === undefined)
      throw contentError('CONTENT_NOT_FOUND', `${this.name} does not hold ${digest}`, { details: { digest } })
    const url = this.#url('files/read', [path], { offset: String(from) })
    return { url, method: 'POST', headers: this.#headers, continues: true }
  }

  /**
   * Stores bytes, a file or a stream, and pins it. What is there already is not sent again. Progress counts what the connection has taken.
   * @throws GevulotError CONTENT_UNAVAILABLE, CONTENT_ACCESS_DENIED, CONTENT_TIMEOUT, CONTENT_TOO_LARGE, CONTENT_DISK_FULL
   */
  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const { signal } = options
    return withKnown(content, options, (known) => {
      const { digest, size } = known
      const tell = putProgress(options, size)
      return patiently({ ...this.#patience, signal }, async () => {
        const path = this.#pathOf(digest)
        if ((await this.#statOf(path, signal)) === undefined) {
          const cid = await this.#add(known, tell, signal)
          if (size <= BLOCK_BYTES && cid !== cidOf(digest))
            throw contentError('CONTENT_UNAVAILABLE', `${this.name} stored ${cid} for ${digest}`)
          await this.#copy(`/ipfs/${cid}`, path, signal)
        }
        tell(size)
        return { digest, size }
      })
    })
  }

  /** `ipfs://<CID>` of a directory of this content; it stays in the node until it is removed there: `ipfs files rm -r /gevulot/sets/<first digest>`. */
  async uriOf(digests: readonly Digest[], options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const { signal } = options
    const [first] = digests
    if (first === undefined) throw contentError('CONTENT_NOT_FOUND', 'there is no URI of nothing')
    const set = `${this.#directory}/sets/${hexOf(first)}`
    await this.#command('files/mkdir', [set], { parents: 'true', 'cid-version': '1' }, signal)
    for (const digest of digests) await this.#copy(this.#pathOf(digest), `${set}/${hexOf(digest)}`, signal)
    const cid = await this.#statOf(set, signal)
    const uri = `ipfs://${cid ?? ''}`
    if (cidOfUri(uri) === undefined) throw contentError('CONTENT_UNAVAILABLE', `${this.name} names no CID of ${set}`)
    return uri
  }

  #pathOf(digest: Digest): string {
    return `${this.#directory}/content/${hexOf(digest)}`
  }

  /** CID of what the node's file system has under a path. */
  async #statOf(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const found = JSON.parse(await this.#command('files/stat', [path], {}, signal)) as { readonly Hash?: unknown }
      return typeof found.Hash === 'string' ? found.Hash : undefined
    } catch (error) {
      if (GevulotError.is(error, 'CONTENT_NOT_FOUND')) return undefined
      throw error
    }
  }

  async #copy(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
    if ((await this.#statOf(to, signal)) !== undefined) return
    try {
      await this.#command('files/cp', [from, to], { parents: 'true' }, signal)
    } catch (error) {
      // Somebody else put the same there meanwhile.
      if ((await this.#statOf(to, signal)) === undefined) throw error
    }
  }

  async #add(known: KnownContent, tell: (sent: number) => void, signal: AbortSignal | undefined): Promise<string> {
    const boundary = `gevulot-${hexOf(known.digest)}`
    const url = this.#url('add', [], {
      ...{ 'cid-version': '1', 'raw-leaves': 'true', chunker: `size-${BLOCK_BYTES}` },
      ...{ pin: 'true', quieter: 'true', progress: 'false' },
    })
    const text = await this.#post(url, this.#uploadMs, signal, {
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: streamOf(formOf(known, boundary, tell)),
      duplex: 'half',
    })
    const last = text.trim().split('\n').at(-1) ?? ''
    const { Hash: cid } = JSON.parse(last) as { readonly Hash?: unknown }
    if (typeof cid !== 'string' || cidOfUri(`ipfs://${cid}`) === undefined)
      throw contentError('CONTENT_UNAVAILABLE', `${this.name} names no CID of ${known.digest}`)
    return cid
  }

  #command(
    name: string,
    args: readonly string[],
    options: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    return this.#post(this.#url(name, args, options), this.#timeoutMs, signal)
  }

  async #post(url: URL, timeoutMs: number, signal: AbortSignal | undefined, upload?: Upload): Promise<string> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, {
        ...upload,
        ...{ method: 'POST', redirect: 'error', headers: { ...this.#headers, ...upload?.headers } },
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      const refuse = (why: string): Error => contentError('CONTENT_UNAVAILABLE', `${this.name}: ${why}`)
      const text = (await readBody(response, MAX_ANSWER_BYTES, refuse)).toString()
      if (response.ok) return text
      if (/does not exist|not found/i.test(text))
        throw contentError('CONTENT_NOT_FOUND', `${this.name} has no such file`)
      const what = `${this.name} answered ${response.status}: ${text.slice(0, 200)}`
      throw contentError(response.status === 401 || response.status === 403 ? 'CONTENT_ACCESS_DENIED' : 'CONTENT_UNAVAILABLE', what) // prettier-ignore
    } catch (cause) {
      if (cause instanceof GevulotError) throw cause
      signal?.throwIfAborted()
      const code = timeout.aborted ? 'CONTENT_TIMEOUT' : 'CONTENT_UNAVAILABLE'
      throw contentError(code, `${this.name} does not answer, or broke off`, { cause })
    }
  }

  #url(command: string, args: readonly string[], options: Readonly<Record<string, string>>): URL {
    const url = new URL(`api/v0/${command}`, this.#base)
    for (const arg of args) url.searchParams.append('arg', arg)
    for (const [name, value] of Object.entries(options)) url.searchParams.set(name, value)
    return url
  }
}

async function* formOf(
  known: KnownContent,
  boundary: string,
  tell: (sent: number) => void,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${hexOf(known.digest)}"\r\ncontent-type: application/octet-stream\r\n\r\n`,
  )
  let sent = 0
  for await (const chunk of known.chunks()) {
    yield chunk
    tell((sent += chunk.length))
  }
  yield Buffer.from(`\r\n--${boundary}--\r\n`)
}

/** What is asked for is made then, so that no more than a piece is in memory. */
function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await chunks.return(undefined)
    },
  })
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
