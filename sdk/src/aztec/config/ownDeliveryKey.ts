import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { deliveryKeyOf, type DeliveryKey } from '../../crypto/DeliveryKey.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { readPrivateFile } from '../../readPrivateFile.js'

/**
 * The delivery key of an adapter that holds no other secret to derive one from: made once and kept with its book, so that results sealed before a
 * restart are opened after it.
 * @throws GevulotError AZTEC_CONFIG_INVALID
 */
export async function ownDeliveryKey(dataDirectory: string): Promise<DeliveryKey> {
  const path = join(dataDirectory, 'delivery.key')
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const text = await readPrivateFile(path, 'the delivery key', unreadable).catch((error: unknown) => {
    if (error instanceof Error && errnoOf(error.cause) === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) {
    const secret = randomBytes(32)
    await writeAtomically(path, async (file) => {
      await file.chmod(0o600)
      await file.writeFile(`${secret.toString('hex')}\n`)
      return path
    })
    return deliveryKeyOf(secret)
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw unreadable(`${path} does not hold 64 hexadecimal digits`)
  return deliveryKeyOf(Buffer.from(text, 'hex'))
}

function unreadable(why: string, cause?: unknown): Error {
  return aztecError('AZTEC_CONFIG_INVALID', why, { cause })
}
