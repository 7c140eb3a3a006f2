import { defineCommand } from '../Command.js'
import { argument, integer, integers, option } from '../parsers.js'

export const proverJoin = defineCommand({
  name: 'prover join',
  summary: 'Put seats back into the active set, or in line for the next check',
  args: { seats: argument(integers(1, 2 ** 24 - 1), 'numbers, separated by commas') },
  options: {
    priceFloor: option(
      'gwei',
      integer(0, 2 ** 40 - 1),
      'least fee to work for, of the token, per second of maximum run time and slot; by default what each seat has',
    ),
  },
  sends: true,
  examples: ['prover join 4,5'],
  async run({ args, options, context }) {
    const client = await context.client()
    const { joinSeats } = await import('../../client/seats.js')
    const { priceFloor } = options
    await joinSeats(client, {
      seats: args.seats,
      ...(priceFloor !== undefined && { priceFloor }),
      signal: context.signal,
    })
    return { json: { seats: args.seats, joined: true }, text: [`Joined: ${args.seats.join(', ')}.`] }
  },
})
