import { join } from 'node:path'
import { defineCommand } from '../Command.js'
import { formatTime, formatTokens } from '../format.js'
import { optionWithDefault, text } from '../parsers.js'

export const apiListKeys = defineCommand({
  name: 'api list-keys',
  summary: 'List the API keys of a server',
  options: { data: optionWithDefault('directory', text, '.gevulot/api', 'the data directory of the server') },
  examples: ['api list-keys'],
  async run({ options, context: { output } }) {
    const { ApiKeys } = await import('../../api/server/ApiKeys.js')
    const keys = await new ApiKeys(join(options.data, 'keys')).list()
    const rows = keys.map(({ id, name, requestsPerDay, spendPerDay, uploadPerDay, createdAt, revoked }) => [
      ...[
        id,
        name,
        String(requestsPerDay),
        formatTokens(BigInt(spendPerDay)),
        `${Math.floor(uploadPerDay / 2 ** 20)} MiB`,
      ],
      ...[formatTime(Math.floor(createdAt / 1000)), revoked ? 'revoked' : 'valid'],
    ])
    return {
      json: keys.map(({ hash: _, schema: __, ...rest }) => rest),
      text: output.table(['id', 'name', 'requests a day', 'fees a day', 'content a day', 'made', 'state'], rows),
    }
  },
})
