import { defineCommand } from '../Command.js'
import { formatTime, formatTokens } from '../format.js'
import { address, integer, optionalArgument, optionWithDefault } from '../parsers.js'

export const validatorStatus = defineCommand({
  name: 'validator status',
  summary: 'Show the seats of a validator and the committees they were drawn to',
  args: { operator: optionalArgument(address, 'the account; by default that of the configured key') },
  options: { last: optionWithDefault('count', integer(1, 10_000), 20, 'how many of the newest committees to show') },
  examples: ['validator status', 'validator status 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json'],
  async run({ args, options, context }) {
    const client = args.operator === undefined ? await context.client() : await context.reader()
    const { getDuties } = await import('../../client/validators.js')
    const operator = args.operator ?? client.account ?? '0x'
    const { seats, duties } = await getDuties(client, { operator, signal: context.signal })
    const shown = duties.slice(-options.last)
    const { output } = context
    if (seats.length === 0) return { json: { operator, seats, duties: [] }, text: ['No validator seats are staked.'] }
    const rows = seats.map(({ seat, status, bond, misses }) => [
      String(seat),
      status,
      formatTokens(bond),
      `${misses} of 3`,
    ])
    const text = output.table(['SEAT', 'STATUS', 'BOND', 'MISSES IN A ROW'], rows)
    const lines = shown.map(({ workload, attempt, seat, stage, until, answered }) => [
      workload,
      attempt === APPEAL ? 'appeal' : String(attempt),
      String(seat),
      stage,
      answered ? 'answered' : stage === 'Voting' ? output.paint('strong', 'owed') : output.paint('bad', 'missed'),
      formatTime(until),
    ])
    if (lines.length > 0)
      text.push('', ...output.table(['WORKLOAD', 'ATTEMPT', 'SEAT', 'STAGE', 'VERDICT', 'UNTIL'], lines))
    return { json: { operator, seats, duties: shown }, text }
  },
})

// Number of the attempt that hears an appeal, in the contract.
const APPEAL = 4
