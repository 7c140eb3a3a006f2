import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { ContentInput, ContentStore, PutOptions, ReadOptions, StoredContent } from './ContentStore.js'
import { digestFromHex, hexOf, type Digest } from './digest.js'
import { makePublicDirectory } from './makePublicDirectory.js'
import { putProgress } from './putProgress.js'
import { sizeOf } from './sizeOf.js'
import { collect, saveStream, tooLarge, verified } from './verified.js'
import { diskError, errnoOf, writeAtomically } from './writeAtomically.js'

/** Options of {@link DirectoryStore}. */
export interface DirectoryStoreOptions {
  /**
   * Whether every user of this machine may read what is put, such as a web server: directories that it makes get the mode 755 and files 444, whatever
   * the umask of this process. Default: the umask decides.
   */
  readonly isPublic?: boolean
}

/**
 * Content in a local directory: `<root>/<first two digits>/<64 digits>`, written atomically and durably, checked at
 * every read. Several processes may use one directory. Source: design section 7.
 */
export class DirectoryStore implements ContentStore {
  readonly name: string
  readonly #root: string
  readonly #isPublic: boolean

  /** @param root Created when first written; an absolute path is advisable. */
  constructor(root: string, { isPublic = false }: DirectoryStoreOptions = {}) {
    this.#root = root
    this.#isPublic = isPublic
    this.name = `directory ${root}`
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.#info(digest)) !== undefined
  }

  async storedAt(digest: Digest): Promise<number | undefined> {
    return (await this.#info(digest))?.mtimeMs
  }

  open(digest: Digest, options: ReadOptions): AsyncIterable<Uint8Array> {
    return verified(digest, this.name, this.#chunks(digest, options), options)
  }

  async get(digest: Digest, options: ReadOptions): Promise<Uint8Array> {
    return collect(this.open(digest, options))
  }

  async save(digest: Digest, path: string, options: ReadOptions): Promise<number> {
    return saveStream(this.open(digest, options), path)
  }

  /**
   * Stores bytes, a file or a stream.
   * @throws GevulotError CONTENT_DISK_FULL, CONTENT_TOO_LARGE
   */
  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const incoming = join(this.#root, 'incoming')
    try {
      await this.#make(incoming)
    } catch (error) {
      throw diskError(error, incoming)
    }
    const maxBytes = options.maxBytes ?? Number.MAX_SAFE_INTEGER
    const tell = putProgress(options, options.onProgress && (await sizeOf(content)))
    const hash = createHash('sha256')
    let size = 0
    let digest: Digest | undefined
    await writeAtomically(join(incoming, randomBytes(8).toString('hex')), async (file) => {
      for await (const chunk of chunksOf(content)) {
        options.signal?.throwIfAborted()
        size += chunk.length
        if (size > maxBytes) {
          throw contentError('CONTENT_TOO_LARGE', `the content is larger than ${maxBytes} bytes`, {
            details: { maxBytes },
          })
        }
        hash.update(chunk)
        await file.writeFile(chunk)
        tell(size)
      }
      digest = digestFromHex(hash.digest('hex'))
      // An existing copy is replaced: it may be damaged, and equal bytes do no harm.
      const path = this.#path(digest)
      await this.#make(join(path, '..'))
      if (this.#isPublic) await file.chmod(0o444)
      return path
    })
    if (digest === undefined) throw new TypeError('unreachable: the writer sets the digest')
    tell(size, size)
    return { digest, size }
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.#path(digest), { force: true })
  }

  async *#chunks(digest: Digest, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const info = await this.#info(digest)
    if (info === undefined) {
      throw contentError('CONTENT_NOT_FOUND', `${this.name} does not hold ${digest}`, { details: { digest } })
    }
    if (info.size > options.maxBytes) throw tooLarge(digest, this.name, options.maxBytes)
    const file = await open(this.#path(digest), 'r')
    yield* file.createReadStream({ highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>
  }

  async #info(digest: Digest): Promise<Stats | undefined> {
    try {
      const info = await stat(this.#path(digest))
      return info.isFile() ? info : undefined
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async #make(directory: string): Promise<void> {
    await (this.#isPublic ? makePublicDirectory(directory, this.#root) : mkdir(directory, { recursive: true }))
  }

  #path(digest: Digest): string {
    const hex = hexOf(digest)
    return join(this.#root, hex.slice(0, 2), hex)
  }
}

async function* chunksOf(content: ContentInput): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content
  else if ('path' in content) yield* createReadStream(content.path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>
  else yield* content
}
