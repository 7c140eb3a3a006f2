/** What follows from the tables of error codes: their page, which goes with the package. */
import { join } from 'node:path'

import { codeOf } from '../../sdk/src/chain/contractErrorOf.js'
import { API_ERRORS } from '../../sdk/src/errors/codes/api.js'
import { AZTEC_ERRORS } from '../../sdk/src/errors/codes/aztec.js'
import { BEACON_ERRORS } from '../../sdk/src/errors/codes/beacon.js'
import { CHAIN_ERRORS } from '../../sdk/src/errors/codes/chain.js'
import { CLI_ERRORS } from '../../sdk/src/errors/codes/cli.js'
import { CLIENT_ERRORS } from '../../sdk/src/errors/codes/client.js'
import { CONTENT_ERRORS } from '../../sdk/src/errors/codes/content.js'
import { CONTRACT_ERRORS } from '../../sdk/src/errors/codes/contracts.js'
import { CRYPTO_ERRORS } from '../../sdk/src/errors/codes/crypto.js'
import { DEVNET_ERRORS } from '../../sdk/src/errors/codes/devnet.js'
import { LINT_ERRORS } from '../../sdk/src/errors/codes/lint.js'
import { RELAYER_ERRORS } from '../../sdk/src/errors/codes/relayer.js'
import { RUNTIME_ERRORS } from '../../sdk/src/errors/codes/runtime.js'
import { VALIDATOR_ERRORS } from '../../sdk/src/errors/codes/validator.js'
import { WORKER_ERRORS } from '../../sdk/src/errors/codes/worker.js'
import type { ErrorDescriptor, ErrorTable } from '../../sdk/src/errors/GevulotError.js'
import { root } from './artifacts.js'

export const errorsPath = join(root, 'sdk/ERRORS.md')

/** The parts of the page, in its order. */
export const ERROR_TABLES: readonly (readonly [title: string, table: ErrorTable])[] = [
  ['Contracts', Object.fromEntries(Object.entries(CONTRACT_ERRORS).map(([name, error]) => [codeOf(name), error]))],
  ['Chain: endpoint, signer, transactions', CHAIN_ERRORS],
  ['Client', CLIENT_ERRORS],
  ['Content', CONTENT_ERRORS],
  ['Delivery keys', CRYPTO_ERRORS],
  ['Runtimes', RUNTIME_ERRORS],
  ['API server', API_ERRORS],
  ['Command line', CLI_ERRORS],
  ['Local networks', DEVNET_ERRORS],
  ['Lint of programs', LINT_ERRORS],
  ['Worker', WORKER_ERRORS],
  ['Validator', VALIDATOR_ERRORS],
  ['Relay server', RELAYER_ERRORS],
  ['Beacon', BEACON_ERRORS],
  ['Aztec', AZTEC_ERRORS],
]

/** `sdk/ERRORS.md` as it must be. */
export function errorsPage(): string {
  const parts = ERROR_TABLES.map(([title, table]) => `## ${title}\n\n${Object.entries(table).map(entry).join('\n')}`)
  return `# Errors

Every \`GevulotError\` has one of these codes, which do not change, and names its place on this page in \`docs\`. **Again**: the same call may succeed later as it is (\`retryable\`). The values that a message speaks of
are in \`details\`.

${parts.join('\n')}`
}

function entry([code, error]: [string, ErrorDescriptor & { readonly text?: string }]): string {
  const says = error.text === undefined ? '' : `Says: ${plain(error.text.replace(/\{(\w+)(?::\w+)?\}/g, '‹$1›'))}.\n\n`
  return `### ${code}\n\n${says}${plain(error.hint)}${error.retryable ? ' **Again.**' : ''}\n`
}

/** Text of a table as it stands on the page: what looks like a tag is none. */
function plain(text: string): string {
  return text.replaceAll('<', '\\<').replaceAll('*', '\\*')
}
