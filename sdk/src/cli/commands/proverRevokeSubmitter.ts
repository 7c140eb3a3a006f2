import { defineCommand } from '../Command.js'
import { address, argument } from '../parsers.js'

export const proverRevokeSubmitter = defineCommand({
  name: 'prover revoke-submitter',
  summary: 'Take a submitter key back at once',
  args: { key: argument(address, 'account of the key') },
  sends: true,
  examples: ['prover revoke-submitter 0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
  async run({ args, context }) {
    const client = await context.client()
    const { revokeSubmitter } = await import('../../client/submitters.js')
    await revokeSubmitter(client, { key: args.key, signal: context.signal })
    return { json: { key: args.key, until: 0 }, text: [`${args.key} can act for ${client.account ?? ''} no more.`] }
  },
})
