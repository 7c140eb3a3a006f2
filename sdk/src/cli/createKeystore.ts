import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Wallet } from 'ethers'
import { cliError } from '../errors/codes/cli.js'
import type { Context } from './Context.js'
import { passwordOf } from './password.js'

const LEAST_PASSWORD = 8

/**
 * Makes a key and keeps it encrypted (Web3 Secret Storage, scrypt) in a file that only its owner can read.
 * @returns The account.
 * @throws GevulotError CLI_KEY_LOCKED, CLI_FILE_EXISTS
 */
export async function createKeystore(path: string, context: Context): Promise<string> {
  const password = await passwordOf(`a new keystore, ${path}`, context, { twice: true })
  if (password.length < LEAST_PASSWORD) {
    throw cliError('CLI_KEY_LOCKED', `the password has fewer than ${LEAST_PASSWORD} characters`)
  }
  context.output.doing('encrypting the key')
  const wallet = Wallet.createRandom()
  const keystore = await new Wallet(wallet.privateKey).encrypt(password)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await writeFile(path, `${keystore}\n`, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw cliError('CLI_FILE_EXISTS', `${path} exists`, { cause })
    throw cliError('CLI_FILE_UNREADABLE', `cannot write ${path}`, { cause })
  }
  return wallet.address
}
