import { Wallet } from 'ethers'
import { cliError } from '../errors/codes/cli.js'
import { readPrivateFile } from '../readPrivateFile.js'
import type { Context } from './Context.js'
import { passwordOf } from './password.js'

const KEY = /^(0x)?[0-9a-fA-F]{64}$/

/**
 * Reads a key: an encrypted keystore (Web3 Secret Storage), or 64 hexadecimal digits. Either way only the owner may be able to read
 * the file. The permissions are those of the file that was opened, so it cannot be swapped between check and use.
 * @throws GevulotError CLI_KEY_UNSAFE, CLI_KEY_LOCKED
 */
export async function readKey(path: string, context: Context): Promise<Wallet> {
  const text = await readPrivateFile(path, 'the key file (--key-file, GEVULOT_KEY_FILE, keyFile)', unsafe)
  if (KEY.test(text)) return new Wallet(text.startsWith('0x') ? text : `0x${text}`)
  // The messages say nothing of what was found: it could be most of a key.
  if (!text.startsWith('{')) throw cliError('CLI_KEY_UNSAFE', `${path} holds neither a keystore nor a key`)
  const password = await passwordOf(path, context)
  context.output.doing('unlocking the keystore')
  try {
    const { privateKey } = await Wallet.fromEncryptedJson(text, password)
    return new Wallet(privateKey)
  } catch {
    // The library's error may carry the password.
    throw cliError('CLI_KEY_LOCKED', `the password does not open ${path}, or it is no keystore`)
  }
}

function unsafe(why: string, cause?: unknown): Error {
  return cliError('CLI_KEY_UNSAFE', why, cause === undefined ? {} : { cause })
}
