import { join } from 'node:path'
import { defineCommand } from '../Command.js'
import { argument, integer, optionWithDefault, text, tokens } from '../parsers.js'

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
    spendPerDay: optionWithDefault('tokens', tokens, 100n * 10n ** 18n, 'fees it may cause within 24 hours'),
    requestsPerDay: optionWithDefault('number', integer(0, 10_000_000), 1_000, 'requests it may make within 24 hours'),
    uploadPerDay: optionWithDefault('MiB', integer(0, 100_000_000), 10_240, 'content it may store within 24 hours'),
  },
  examples: ['api add-key sequencer-1 --spend-per-day 500'],
  async run({ args, options }) {
    const { ApiKeys } = await import('../../api/server/ApiKeys.js')
    const { systemClock } = await import('../../clock.js')
    const { requestsPerDay, spendPerDay, uploadPerDay } = options
    const limits = { requestsPerDay, spendPerDay: spendPerDay.toString(), uploadPerDay: uploadPerDay * 2 ** 20 }
    const keys = new ApiKeys(join(options.data, 'keys'))
    const { id, key } = await keys.add(args.name.slice(0, 64), limits, systemClock.now())
    return { json: { id, name: args.name, key, ...limits }, text: [key, 'Keep it: it cannot be shown again.'] }
  },
})
