import { join } from 'node:path'
import { defineCommand } from '../Command.js'
import { argument, flag, integer, option, optionWithDefault, text, tokens } from '../parsers.js'

/** Content in MiB. */
const USUAL = { requestsPerDay: 1_000, spendPerDay: 100n * 10n ** 18n, uploadPerDay: 10_240 }
const NOTHING: typeof USUAL = { requestsPerDay: 0, spendPerDay: 0n, uploadPerDay: 0 }

export const apiAddKey = defineCommand({
  name: 'api add-key',
  summary: 'Make an API key; it is shown once and kept only as a hash',
  args: { name: argument(text, 'who it is for, at most 64 characters') },
  options: {
    data: optionWithDefault(
      'directory',
      text,
      '.gevulot/api',
      'the data directory of the server, which may be running',
    ),
    spendPerDay: option('tokens', tokens, 'fees it may cause within 24 hours; default 100'),
    requestsPerDay: option('number', integer(0, 10_000_000), 'requests it may make within 24 hours; default 1000'),
    uploadPerDay: option('MiB', integer(0, 100_000_000), 'content it may store within 24 hours; default 10240'),
    operator: flag('it may see the accounts of all keys (`api accounts`), and ask for nothing unless limits are given'),
  },
  examples: ['api add-key sequencer-1 --spend-per-day 500', 'api add-key bookkeeper --operator'],
  async run({ args, options }) {
    const { ApiKeys } = await import('../../api/server/ApiKeys.js')
    const { systemClock } = await import('../../clock.js')
    const { operator } = options
    // Who only looks needs no money.
    const byDefault = operator ? NOTHING : USUAL
    const { requestsPerDay, spendPerDay, uploadPerDay } = { ...byDefault, ...given(options) }
    const limits = { requestsPerDay, spendPerDay: spendPerDay.toString(), uploadPerDay: uploadPerDay * 2 ** 20 }
    const keys = new ApiKeys(join(options.data, 'keys'))
    const { id, key } = await keys.add(args.name.slice(0, 64), limits, systemClock.now(), operator)
    return {
      json: { id, name: args.name, key, ...limits, operator },
      text: [key, 'Keep it: it cannot be shown again.'],
    }
  },
})

/** The limits that were given. */
function given(limits: { readonly [Name in keyof typeof USUAL]?: (typeof USUAL)[Name] | undefined }) {
  const { requestsPerDay, spendPerDay, uploadPerDay } = limits
  return {
    ...(requestsPerDay !== undefined && { requestsPerDay }),
    ...(spendPerDay !== undefined && { spendPerDay }),
    ...(uploadPerDay !== undefined && { uploadPerDay }),
  }
}
