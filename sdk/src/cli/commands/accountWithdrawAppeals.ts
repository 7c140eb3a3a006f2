import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, option } from '../parsers.js'

export const accountWithdrawAppeals = defineCommand({
  name: 'account withdraw-appeals',
  summary: 'Pay out what appeals have left to the account',
  details:
    'Bonds of appeals that changed a verdict or were not heard, and parts of lost bonds for the validators that answered.',
  options: { to: option('account', address, "receiver; by default the key's own account") },
  sends: true,
  examples: ['account withdraw-appeals'],
  async run({ options, context }) {
    const client = await context.client()
    context.output.doing('withdrawing')
    const to = options.to ?? client.account
    const amount = await client.withdrawAppeals({ ...(options.to && { to: options.to }), signal: context.signal })
    return { json: { account: client.account, amount, to }, text: [`Paid out ${formatTokens(amount)} to ${to}.`] }
  },
})
