import { defineCommand } from '../Command.js'
import { address, argument, integers, option } from '../parsers.js'

export const proverWithdraw = defineCommand({
  name: 'prover withdraw',
  summary: 'Pay out the bonds of seats that have left and cooled down',
  args: { seats: argument(integers(1, 2 ** 24 - 1), 'numbers, separated by commas') },
  options: { to: option('account', address, "receiver; by default the key's own account") },
  sends: true,
  examples: ['prover withdraw 4,5'],
  async run({ args, options, context }) {
    const client = await context.client()
    const { withdrawSeats } = await import('../../client/seats.js')
    await withdrawSeats(client, { seats: args.seats, ...(options.to && { to: options.to }), signal: context.signal })
    const to = options.to ?? client.account
    return { json: { seats: args.seats, to }, text: [`Withdrew the bonds of ${args.seats.join(', ')} to ${to}.`] }
  },
})
