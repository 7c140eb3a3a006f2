import { defineCommand } from '../Command.js'
import { integer, optionWithDefault } from '../parsers.js'

export const proverStake = defineCommand({
  name: 'prover stake',
  summary: 'Bond tokens for seats, one for each machine',
  options: {
    seats: optionWithDefault('number', integer(1, 64), 1, 'how many'),
    class: optionWithDefault('number', integer(1, 255), 1, 'hardware class'),
    priceFloor: optionWithDefault(
      'gwei',
      integer(0, 2 ** 40 - 1),
      0,
      'least fee to work for, of the token, per second of maximum run time and slot',
    ),
  },
  sends: true,
  examples: ['prover stake --seats 2'],
  async run({ options, context }) {
    const client = await context.client()
    const { stakeSeats } = await import('../../client/seats.js')
    context.output.doing('staking')
    const { seats: count, ...rest } = options
    const seats = await stakeSeats(client, { count, ...rest, signal: context.signal })
    return {
      json: { operator: client.account, seats },
      text: [`Staked ${seats.length === 1 ? 'seat' : 'seats'} ${seats.join(', ')}.`],
    }
  },
})
