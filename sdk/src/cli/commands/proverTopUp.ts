import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, integers } from '../parsers.js'

export const proverTopUp = defineCommand({
  name: 'prover top-up',
  summary: 'Fill the bonds of seats up to what their class asks for',
  details:
    'Slashes and evictions take from a bond, and a class may ask for more than it did; without a full bond no seat comes back. A full one costs nothing. A seat that was put out joins again behind this (prover join), or, where its class has a puzzle and it is Inactive, with the next check.',
  args: { seats: argument(integers(1, 2 ** 24 - 1), 'numbers, separated by commas') },
  sends: true,
  examples: ['prover top-up 4,5'],
  async run({ args, context }) {
    const client = await context.client()
    const { topUpSeats } = await import('../../client/seats.js')
    context.output.doing('topping up')
    const paid = await topUpSeats(client, { seats: args.seats, signal: context.signal })
    return {
      json: { seats: args.seats, paid },
      text: [`Paid ${formatTokens(paid)}; the bonds of ${args.seats.join(', ')} are full.`],
    }
  },
})
