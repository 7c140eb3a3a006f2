import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Wallet } from 'ethers'
import { cliError } from '../errors/codes/cli.js'
import type { Context } from './Context.js'
import { passwordOf } from './password.js'

const KEY = /^(0x)?[0-9a-fA-F]{64}$/
const MAX_BYTES = 64 * 1024

/**
 * Reads a key: an encrypted keystore (Web3 Secret Storage), or 64 hexadecimal digits. Either way only the owner may be able to read
 * the file. The permissions are those of the file that was opened, so it cannot be swapped between check and use.
 * @throws GevulotError CLI_KEY_UNSAFE, CLI_KEY_LOCKED
 */
export async function readKey(path: string, context: Context): Promise<Wallet> {
  const text = await readPrivately(path)
  if (KEY.test(text)) return new Wallet(text.startsWith('0x') ? text : `0x${text}`)
  // The messages say nothing of what was found: it could be most of a key.
  if (!text.startsWith('{')) throw cliError('CLI_KEY_UNSAFE', `${path} holds neither a keystore nor a key`)
  const password = await passwordOf(path, context)
  context.output.note('unlocking the keystore')
  try {
    const { privateKey } = await Wallet.fromEncryptedJson(text, password)
    return new Wallet(privateKey)
  } catch {
    // The library's error may carry the password.
    throw cliError('CLI_KEY_LOCKED', `the password does not open ${path}, or it is no keystore`)
  }
}

async function readPrivately(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw cliError('CLI_KEY_UNSAFE', `cannot open the key file ${path}`, { cause })
  })
  try {
    const info = await file.stat()
    if (!info.isFile()) throw cliError('CLI_KEY_UNSAFE', `${path} is not a regular file`)
    if ((info.mode & 0o077) !== 0) {
      throw cliError('CLI_KEY_UNSAFE', `${path} can be read by others (mode ${(info.mode & 0o777).toString(8)})`)
    }
    if (info.size > MAX_BYTES) throw cliError('CLI_KEY_UNSAFE', `${path} is too large to hold a key`)
    return (await file.readFile('utf8')).trim()
  } finally {
    await file.close()
  }
}
