import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hexlify } from 'ethers'
import { toWorkloadId, type Hex, type WorkloadId } from '../../chain/hex.js'
import { clientError } from '../../errors/codes/client.js'
import type { Delivery, DeliveryInbox, ReceivedDelivery } from './DeliveryInbox.js'
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

/**
 * An inbox in a directory that requester and provers share: `<root>/<workload>/<seat>-<operator>.sealed`, the signature
 * first. Signatures are checked when a delivery comes and again when it is read.
 */
export class DirectoryInbox implements DeliveryInbox {
  readonly #root: string
  readonly #domain: DeliveryDomain
  readonly #maxBytes: number
  readonly #maxDeliveries: number

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
    await mkdir(directory, { recursive: true })
    const present = await this.#names(directory)
    if (!present.includes(name) && present.length >= this.#maxDeliveries)
      throw refused('the inbox of this workload is full')
    const incoming = join(directory, `${randomBytes(8).toString('hex')}.incoming`)
    try {
      await writeFile(incoming, Buffer.concat([Buffer.from(signature.slice(2), 'hex'), sealed]), { flush: true })
      await rename(incoming, join(directory, name))
    } finally {
      await rm(incoming, { force: true })
    }
  }

  async list(
    workload: WorkloadId,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly ReceivedDelivery[]> {
    const directory = join(this.#root, workload)
    const received: ReceivedDelivery[] = []
    for (const name of (await this.#names(directory)).slice(0, this.#maxDeliveries)) {
      options.signal?.throwIfAborted()
      const seat = Number(NAME.exec(name)?.[1])
      const path = join(directory, name)
      if ((await stat(path)).size > this.#maxBytes + SIGNATURE_BYTES) continue
      const bytes = await readFile(path)
      const sealed = bytes.subarray(SIGNATURE_BYTES)
      const signature = hexlify(bytes.subarray(0, SIGNATURE_BYTES)) as Hex
      try {
        const operator = signerOfDelivery(this.#domain, { workload, seat, sealed, signature })
        received.push({ workload, seat, sealed, operator })
      } catch {
        // Somebody wrote into the directory past `put`; such a file is no delivery.
      }
    }
    return received
  }

  async #names(directory: string): Promise<string[]> {
    try {
      return (await readdir(directory)).filter((name) => NAME.test(name)).sort()
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      throw error
    }
  }
}

function refused(reason: string): Error {
  return clientError('CLIENT_DELIVERY_REFUSED', `the delivery is refused: ${reason}`)
}
