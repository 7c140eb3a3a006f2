import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hexlify } from 'ethers'
import { toWorkloadId, type Hex, type WorkloadId } from '../../chain/hex.js'
import { digestFromHex, digestOf } from '../../content/digest.js'
import { makePublicDirectory } from '../../content/makePublicDirectory.js'
import { errnoOf } from '../../content/writeAtomically.js'
import { clientError } from '../../errors/codes/client.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Delivery, DeliveryInbox, ListedDelivery, ReceivedDelivery } from './DeliveryInbox.js'
import { signerOfDelivery, type DeliveryDomain } from './signDelivery.js'

/** Options of {@link DirectoryInbox}. */
export interface DirectoryInboxOptions {
  /** The most bytes of one sealed proof; default 64 MiB. */
  readonly maxBytes?: number
  /** The most deliveries kept of one workload; default 64, twice the commits a workload can hold. */
  readonly maxDeliveries?: number
}

const NAME = /^(\d{1,8})-0x[0-9a-f]{40}\.sealed$/
const SIGNATURE_BYTES = 65
const PIECE_BYTES = 1 << 18
/** Of how many files it is remembered what they hold. */
const MOST_SEEN = 4_096

/**
 * An inbox in a directory that requester and provers share: `<root>/<workload>/<seat>-<operator>.sealed`, the signature
 * first. Signatures are checked when a delivery comes and again when it is read.
 */
export class DirectoryInbox implements DeliveryInbox {
  readonly #root: string
  readonly #domain: DeliveryDomain
  readonly #maxBytes: number
  readonly #maxDeliveries: number
  readonly #seen = new Map<string, { readonly version: string; readonly listed: ListedDelivery | undefined }>()

  /** @param root Created when first written. */
  constructor(root: string, domain: DeliveryDomain, options: DirectoryInboxOptions = {}) {
    this.#root = root
    this.#domain = domain
    this.#maxBytes = options.maxBytes ?? 64 * 2 ** 20
    this.#maxDeliveries = options.maxDeliveries ?? 64
  }

  async put(delivery: Delivery): Promise<void> {
    const workload = toWorkloadId(delivery.workload)
    const { seat, sealed, signature } = delivery
    if (sealed.length > this.#maxBytes) throw refused(`it has ${sealed.length} bytes, more than ${this.#maxBytes}`)
    if (!Number.isSafeInteger(seat) || seat < 1 || seat >= 2 ** 24) throw refused(`${seat} is not a seat`)
    if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) throw refused('the signature has not 65 bytes')
    const operator = signerOfDelivery(this.#domain, delivery)
    const directory = join(this.#root, workload)
    const name = `${seat}-${operator.toLowerCase()}.sealed`
    await makePublicDirectory(directory, this.#root)
    const present = await this.#names(directory)
    if (!present.includes(name) && present.length >= this.#maxDeliveries)
      throw refused('the inbox of this workload is full')
    const incoming = join(directory, `${randomBytes(8).toString('hex')}.incoming`)
    try {
      await writeFile(incoming, Buffer.concat([Buffer.from(signature.slice(2), 'hex'), sealed]), { flush: true })
      // The requester is another user, and what is sealed only it can open.
      await chmod(incoming, 0o444)
      await rename(incoming, join(directory, name))
    } finally {
      await rm(incoming, { force: true })
    }
  }

  async list(
    workload: WorkloadId,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly ListedDelivery[]> {
    const directory = join(this.#root, workload)
    const listed: ListedDelivery[] = []
    for (const name of (await this.#names(directory)).slice(0, this.#maxDeliveries)) {
      options.signal?.throwIfAborted()
      const seen = await this.#look(workload, name, options.signal)
      if (seen !== undefined) listed.push(seen)
    }
    return listed
  }

  async read({ workload, seat, operator, digest }: ListedDelivery): Promise<ReceivedDelivery | undefined> {
    for (const name of await this.#names(join(this.#root, workload))) {
      if (Number(NAME.exec(name)?.[1]) !== seat || (await this.#look(workload, name))?.digest !== digest) continue
      const bytes = await unlessMissing(readFile(join(this.#root, workload, name)))
      const sealed = bytes?.subarray(SIGNATURE_BYTES)
      // Another one may have taken its place in between.
      if (sealed !== undefined && digestOf(sealed) === digest) return { workload, seat, operator, sealed }
    }
    return undefined
  }

  /** What a file holds, read piece by piece, and once: polls come often, and all of it may be gigabytes. */
  async #look(workload: WorkloadId, name: string, signal?: AbortSignal): Promise<ListedDelivery | undefined> {
    const path = join(this.#root, workload, name)
    const info = await unlessMissing(stat(path))
    if (info === undefined || info.size < SIGNATURE_BYTES || info.size > this.#maxBytes + SIGNATURE_BYTES) return undefined // prettier-ignore
    const version = `${info.ino} ${info.size} ${info.mtimeMs}`
    const seen = this.#seen.get(path)
    if (seen?.version === version) return seen.listed
    const listed = await this.#check(workload, Number(NAME.exec(name)?.[1]), path, signal)
    this.#seen.delete(path)
    this.#seen.set(path, { version, listed })
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > MOST_SEEN && oldest !== undefined) this.#seen.delete(oldest)
    return listed
  }

  async #check(
    workload: WorkloadId,
    seat: number,
    path: string,
    signal?: AbortSignal,
  ): Promise<ListedDelivery | undefined> {
    // prettier-ignore
    const hash = createHash('sha256')
    let head = Buffer.alloc(0)
    let size = 0
    try {
      const pieces = createReadStream(path, {
        highWaterMark: PIECE_BYTES,
        end: this.#maxBytes + SIGNATURE_BYTES,
        signal,
      })
      for await (const piece of pieces as AsyncIterable<Buffer>) {
        const rest = piece.subarray(Math.min(piece.length, SIGNATURE_BYTES - head.length))
        head = Buffer.concat([head, piece.subarray(0, piece.length - rest.length)])
        hash.update(rest)
        size += rest.length
      }
      const digest = digestFromHex(hash.digest('hex'))
      const operator = signerOfDelivery(this.#domain, { workload, seat, digest, signature: hexlify(head) as Hex })
      return { workload, seat, operator, bytes: size, digest }
    } catch (error) {
      signal?.throwIfAborted()
      // Somebody wrote into the directory past `put`, and such a file is no delivery; or it is another one by now.
      if (error instanceof GevulotError || errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async #names(directory: string): Promise<string[]> {
    return ((await unlessMissing(readdir(directory))) ?? []).filter((name) => NAME.test(name)).sort()
  }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function refused(reason: string): Error {
  return clientError('CLIENT_DELIVERY_REFUSED', `the delivery is refused: ${reason}`)
}
