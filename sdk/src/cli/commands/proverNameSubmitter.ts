import { defineCommand } from '../Command.js'
import { formatTime } from '../format.js'
import { address, argument, integer, optionWithDefault } from '../parsers.js'

const DAY = 86_400

export const proverNameSubmitter = defineCommand({
  name: 'prover name-submitter',
  summary: 'Name a key that a worker can act with, instead of the key of the operator',
  details:
    'It can act for the seats of the configured key and can move neither money nor seats. The worker gets it as its key, and the account of the configured key as `operator`. Name it again before its term ends; at most 366 days.',
  args: { key: argument(address, 'account of the key') },
  options: { days: optionWithDefault('number', integer(1, 366), 90, 'how long it can act from now on') },
  sends: true,
  examples: ['prover name-submitter 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --days 180'],
  async run({ args, options, context }) {
    const client = await context.client()
    const { nameSubmitter } = await import('../../client/submitters.js')
    const until = Math.floor(client.clock.now() / 1000) + options.days * DAY
    await nameSubmitter(client, { key: args.key, until, signal: context.signal })
    return {
      json: { operator: client.account, key: args.key, until },
      text: [`${args.key} can act for the seats of ${client.account ?? ''} until ${formatTime(until)}.`],
    }
  },
})
