import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { cliError } from '../errors/codes/cli.js'
import { whyUnopened } from '../readPrivateFile.js'
import type { Context } from './Context.js'

/**
 * A password from the environment, from the file that the environment names, or from the person. Never from the command line, which
 * everybody on the machine can read.
 * @param what What it belongs to, for the prompt.
 * @throws GevulotError CLI_KEY_LOCKED
 */
export async function passwordOf(
  what: string,
  { environment, signal, output }: Pick<Context, 'environment' | 'signal' | 'output'>,
  options: { readonly twice?: boolean } = {},
): Promise<string> {
  const given = environment['GEVULOT_KEY_PASSWORD']
  if (given !== undefined) return given
  const file = environment['GEVULOT_KEY_PASSWORD_FILE']
  if (file !== undefined) return readPasswordFile(file)
  if (!process.stdin.isTTY) {
    throw cliError('CLI_KEY_LOCKED', `${what} needs a password, and nobody is there to ask`)
  }
  output.still()
  const password = await askSecretly(`Password of ${what}: `, signal)
  if (options.twice === true && password !== (await askSecretly('Once more: ', signal))) {
    throw cliError('CLI_KEY_LOCKED', 'the two passwords differ')
  }
  return password
}

async function readPasswordFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    const { why, cause } = await whyUnopened(path, 'GEVULOT_KEY_PASSWORD_FILE', error)
    throw cliError('CLI_KEY_LOCKED', why, { cause })
  }
}

/** Asks without showing the answer. */
async function askSecretly(question: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await lines.question('', { signal })
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
