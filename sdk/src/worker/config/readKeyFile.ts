import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { workerError } from '../../errors/codes/worker.js'
import { Secret } from './Secret.js'

const KEY = /^(0x)?[0-9a-fA-F]{64}$/
const MAX_BYTES = 128

/**
 * Reads a private key (64 hexadecimal digits) from a file that only its owner can read. The permissions are those of
 * the file that was opened, so the file cannot be swapped between check and use.
 * @throws GevulotError WORKER_KEY_UNSAFE
 */
export async function readKeyFile(path: string): Promise<Secret> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw workerError('WORKER_KEY_UNSAFE', `cannot open the key file ${path}`, { cause })
  })
  try {
    const info = await file.stat()
    if (!info.isFile()) throw workerError('WORKER_KEY_UNSAFE', `${path} is not a regular file`)
    const mode = info.mode & 0o777
    if ((mode & 0o077) !== 0) {
      throw workerError('WORKER_KEY_UNSAFE', `${path} can be read by others (mode ${mode.toString(8)})`)
    }
    if (info.size > MAX_BYTES) throw workerError('WORKER_KEY_UNSAFE', `${path} is too large to hold a private key`)
    const text = (await file.readFile('utf8')).trim()
    // The message says nothing of what was found: it could be most of a key.
    if (!KEY.test(text)) throw workerError('WORKER_KEY_UNSAFE', `${path} does not hold 64 hexadecimal digits`)
    return new Secret(text.startsWith('0x') ? text : `0x${text}`)
  } finally {
    await file.close()
  }
}
