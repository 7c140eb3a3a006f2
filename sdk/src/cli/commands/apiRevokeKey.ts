import { join } from 'node:path'
import { defineCommand } from '../Command.js'
import { argument, optionWithDefault, text } from '../parsers.js'

export const apiRevokeKey = defineCommand({
  name: 'api revoke-key',
  summary: 'Revoke an API key, at once and for ever; of what it asked for, what was sent already goes on',
  args: { id: argument(text, 'id of the key: the digits between gvk_ and the next underscore') },
  options: { data: optionWithDefault('directory', text, '.gevulot/api', 'the data directory of the server') },
  examples: ['api revoke-key 41d0c8e2a4b6f719'],
  async run({ args, options }) {
    const { ApiKeys } = await import('../../api/server/ApiKeys.js')
    await new ApiKeys(join(options.data, 'keys')).revoke(args.id)
    return { json: { id: args.id, revoked: true }, text: [`Revoked ${args.id}.`] }
  },
})
