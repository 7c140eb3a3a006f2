import { defineCommand } from '../Command.js'
import { formatTime, formatTokens } from '../format.js'
import { address, optionalArgument } from '../parsers.js'

export const proverStatus = defineCommand({
  name: 'prover status',
  summary: 'Show the seats of an operator',
  args: { operator: optionalArgument(address, 'the account; by default that of the configured key') },
  examples: ['prover status', 'prover status 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json'],
  async run({ args, context }) {
    const client = args.operator === undefined ? await context.client() : await context.reader()
    const { getSeats } = await import('../../client/seats.js')
    const operator = args.operator ?? client.account ?? '0x'
    const seats = await getSeats(client, { operator, signal: context.signal })
    const rows = seats.map((seat) => [
      String(seat.seat),
      String(seat.class),
      seat.status,
      seat.held ? 'at work' : '',
      formatTokens(seat.bond),
      seat.priceFloor.toString(),
      seat.unlockAt === 0 ? '' : formatTime(seat.unlockAt),
    ])
    const rewards = await client.getRewards({ operator })
    const table = context.output.table(['SEAT', 'CLASS', 'STATUS', 'NOW', 'BOND', 'FLOOR', 'UNLOCKS'], rows)
    const facts = context.output.facts([['network rewards due', formatTokens(rewards.due)]])
    return {
      json: { operator, seats, rewards },
      text: rows.length === 0 ? ['No seats are staked.'] : [...table, '', ...facts],
    }
  },
})
