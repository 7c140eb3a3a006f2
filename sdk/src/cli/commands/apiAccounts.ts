import { cliError } from '../../errors/codes/cli.js'
import { formatBytes, formatTokens } from '../format.js'
import { defineCommand } from '../Command.js'
import { httpUrl, optionWithDefault, requiredOption, text } from '../parsers.js'

const WEI_DIGITS = 18
const HEADINGS = [
  ...['id', 'name, label', 'requests', 'jobs', 'fees', 'paid', 'refunded', 'burned'],
  ...['gas', 'left today', 'content'],
]

export const apiAccounts = defineCommand({
  name: 'api accounts',
  summary: 'What each API key of a server asked for, what it cost, and what is left of its day',
  details:
    "Asks the running server, with a key that `api add-key --operator` made. Fees and what came back of them are the market's; gas is that of submissions. Below a key stand its jobs by label: of Aztec's adapter, their types.",
  options: {
    url: optionWithDefault('url', httpUrl, 'http://127.0.0.1:8546', 'address of the server'),
    apiKeyFile: requiredOption('path', text, "file with an operator's API key, mode 600"),
  },
  examples: ['api accounts --api-key-file operator-key'],
  async run({ options, context: { output } }) {
    const { createApiClient } = await import('../../api/createApiClient.js')
    const { readPrivateFile } = await import('../../readPrivateFile.js')
    const refuse = (why: string, cause?: unknown): Error => cliError('CLI_KEY_UNSAFE', why, { cause })
    const apiKey = await readPrivateFile(options.apiKeyFile, '--api-key-file', refuse)
    output.waiting('asking the server')
    const { accounts } = await createApiClient({ url: options.url, apiKey }).listAccounts({})
    const rows = accounts.flatMap(({ id, revoked, account, allowance }) => {
      const { requests, fees, final, gas, labels, uploads } = account
      const whole = [
        ...[id, revoked ? `${account.name} (revoked)` : account.name],
        ...[String(requests.accepted + requests.submitted), '', tokens(fees), tokens(final.paid)],
        ...[tokens(final.refunded), tokens(final.burned), coin(gas), tokens(allowance.spendLeft)],
        ...[formatBytes(uploads.bytes)],
      ]
      const parts = labels.flatMap(({ label, requests: count, jobs, fees: part }) =>
        label === null ? [] : [['', label, String(count), String(jobs), tokens(part), '', '', '', '', '', '']],
      )
      return [whole, ...parts]
    })
    return { json: accounts, text: output.table(HEADINGS, rows) }
  },
})

function tokens(units: string): string {
  return formatTokens(BigInt(units))
}

/** Gas in the chain's coin, to four digits that count. */
function coin({ wei, unknown }: { readonly wei: string; readonly unknown: number }): string {
  const amount = Number(wei) / 10 ** WEI_DIGITS
  return `${amount === 0 ? '0' : amount.toPrecision(4)}${unknown === 0 ? '' : ` (${unknown} unknown)`}`
}
