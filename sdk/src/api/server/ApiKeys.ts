import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { apiError } from '../../errors/codes/api.js'
import type { KeyLimits } from '../store/KeyLimits.js'

const ID = /^[0-9a-f]{16}$/

const storedKey = z.strictObject({
  schema: z.literal('gevulot/api-key@1'),
  /** Names the key, and is part of it. */
  id: z.string().regex(ID),
  name: z.string().min(1).max(64),
  /** sha-256 of the secret part, which has 256 random bits: nothing slower is needed. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Requests in 24 hours. */
  requestsPerDay: z.number().int().min(0),
  /** Token units of fees in 24 hours. */
  spendPerDay: z.string().regex(/^\d{1,39}$/),
  /** Bytes of content in 24 hours. */
  uploadPerDay: z
    .number()
    .int()
    .min(0)
    .default(10 * 2 ** 30),
  /** Whether it may see the accounts of all keys. */
  operator: z.boolean().default(false),
  /** Unix milliseconds. */
  createdAt: z.number(),
  revoked: z.boolean(),
})

/** An API key as it is kept: nobody can make the key of it. */
export type StoredKey = z.output<typeof storedKey>

const FORM = /^Bearer gvk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/i

/**
 * The keys of an API server, hashed, one file each. They are files, not rows, so that keys can be made and revoked while the server has the
 * database open; it reads a key's file at every request, so a revocation counts at once.
 */
export class ApiKeys {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * Makes a key.
   * @param now Milliseconds.
   * @param operator Whether it may see the accounts of all keys.
   * @returns The key itself, which is kept nowhere.
   */
  async add(
    name: string,
    limits: KeyLimits,
    now: number,
    operator = false,
  ): Promise<{ readonly id: string; readonly key: string }> {
    const id = randomBytes(8).toString('hex')
    const secret = randomBytes(32).toString('base64url')
    const hash = hashOf(secret)
    await this.#write({
      ...{ schema: 'gevulot/api-key@1', id, name, hash, ...limits, operator, createdAt: now, revoked: false },
    })
    return { id, key: `gvk_${id}_${secret}` }
  }

  /**
   * Revokes a key for ever.
   * @throws GevulotError API_NOT_FOUND
   */
  async revoke(id: string): Promise<void> {
    const key = await this.#read(id)
    if (key === undefined) throw apiError('API_NOT_FOUND', `there is no key ${id}`)
    await this.#write({ ...key, revoked: true })
  }

  /** All keys, revoked ones too, oldest first. */
  async list(): Promise<readonly StoredKey[]> {
    const names = await readdir(this.#directory).catch((error: unknown): string[] => {
      // Before the first key there is no directory.
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    })
    const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length))
    const keys = await Promise.all(ids.map((id) => this.#read(id)))
    return keys.filter((key) => key !== undefined).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** The key that a header carries, or undefined. */
  async find(authorization: string | undefined): Promise<StoredKey | undefined> {
    const [, id, secret] = FORM.exec(authorization ?? '') ?? []
    if (id === undefined || secret === undefined) return undefined
    const key = await this.#read(id.toLowerCase())
    // Compared in the same time whatever is wrong.
    const right = timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(key?.hash ?? '0'.repeat(64)))
    return right && key?.revoked === false ? key : undefined
  }

  /** Whether a key is there and not revoked. */
  async isValid(id: string): Promise<boolean> {
    return (await this.#read(id))?.revoked === false
  }

  async #read(id: string): Promise<StoredKey | undefined> {
    if (!ID.test(id)) return undefined
    const path = this.#path(id)
    try {
      return storedKey.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw apiError('API_CONFIG_INVALID', `${path} is not an API key`, { cause })
    }
  }

  async #write(key: StoredKey): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const path = this.#path(key.id)
    await writeAtomically(path, async (file) => {
      await file.chmod(0o600)
      await file.writeFile(`${JSON.stringify(storedKey.parse(key))}\n`)
      return path
    })
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`)
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
