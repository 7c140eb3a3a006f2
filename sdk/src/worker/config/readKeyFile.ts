import { Wallet } from 'ethers'
import { workerError } from '../../errors/codes/worker.js'
import { readPrivateFile } from '../../readPrivateFile.js'
import { Secret } from './Secret.js'

const KEY = /^(0x)?[0-9a-fA-F]{64}$/

/**
 * Reads a private key: an encrypted keystore (Web3 Secret Storage) with its password in a second file, or 64 hexadecimal digits. Only the owner may
 * be able to read either file.
 * @param passwordFile Holds the password of a keystore; empty: none.
 * @throws GevulotError WORKER_KEY_UNSAFE, WORKER_KEY_LOCKED
 */
export async function readKeyFile(path: string, passwordFile = ''): Promise<Secret> {
  const text = await readPrivateFile(path, 'keyFile (GEVULOT_KEY_FILE)', unsafe)
  if (KEY.test(text)) return new Secret(text.startsWith('0x') ? text : `0x${text}`)
  // The messages say nothing of what was found: it could be most of a key.
  if (!text.startsWith('{')) throw unsafe(`${path} holds neither a keystore nor 64 hexadecimal digits`)
  if (passwordFile === '')
    throw workerError('WORKER_KEY_LOCKED', `${path} is a keystore, and keyPasswordFile is missing`)
  const password = await readPrivateFile(passwordFile, 'keyPasswordFile (GEVULOT_KEY_PASSWORD_FILE)', unsafe)
  try {
    const { privateKey } = await Wallet.fromEncryptedJson(text, password)
    return new Secret(privateKey)
  } catch {
    // The library's error may carry the password.
    throw workerError(
      'WORKER_KEY_LOCKED',
      `the password of ${passwordFile} does not open ${path}, or it is no keystore`,
    )
  }
}

function unsafe(why: string, cause?: unknown): Error {
  return workerError('WORKER_KEY_UNSAFE', why, cause === undefined ? {} : { cause })
}
