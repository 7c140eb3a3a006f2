import { defineCommand } from '../Command.js'
import { argument, integers } from '../parsers.js'

export const proverLeave = defineCommand({
  name: 'prover leave',
  summary: 'Take seats out of the active set',
  details: 'Their bond stays slashable until it is withdrawn after the cooldown.',
  args: { seats: argument(integers(1, 2 ** 24 - 1), 'numbers, separated by commas') },
  sends: true,
  examples: ['prover leave 4,5'],
  async run({ args, context }) {
    const client = await context.client()
    const { leaveSeats } = await import('../../client/seats.js')
    await leaveSeats(client, { seats: args.seats, signal: context.signal })
    return { json: { seats: args.seats, left: true }, text: [`Left: ${args.seats.join(', ')}. The cooldown runs.`] }
  },
})
