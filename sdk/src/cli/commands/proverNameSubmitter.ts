import type { Client } from '../../client/Client.js'
import { defineCommand } from '../Command.js'
import { formatTime } from '../format.js'
import { address, argument, integer, optionWithDefault } from '../parsers.js'

const DAY = 86_400
/** The longest term, MAX_TERM of the relay contract. */
const LONGEST = 366 * DAY

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
    const until = await endOf(client, options.days * DAY)
    await nameSubmitter(client, { key: args.key, until, signal: context.signal })
    return {
      json: { operator: client.account, key: args.key, until },
      text: [`${args.key} can act for the seats of ${client.account ?? ''} until ${formatTime(until)}.`],
    }
  },
})

/** When a term from now on ends. The contract counts the longest one from the block, and nodes estimate by the newest, which is behind this machine. */
async function endOf({ clock, contracts }: Client, term: number): Promise<number> {
  const wanted = Math.floor(clock.now() / 1000) + term
  const newest = await contracts.provider.getBlock('latest').catch(async (error: unknown) => {
    const { asChainError } = await import('../../chain/asChainError.js')
    throw asChainError(error, 'reading the newest block')
  })
  return newest === null ? wanted : Math.min(wanted, newest.timestamp + LONGEST)
}
