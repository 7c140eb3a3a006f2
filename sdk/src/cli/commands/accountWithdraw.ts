import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, argument, option, tokens } from '../parsers.js'

export const accountWithdraw = defineCommand({
  name: 'account withdraw',
  summary: 'Pay out part of the balance in the market',
  args: { amount: argument(tokens, 'tokens, for example 12.5') },
  options: { to: option('account', address, "receiver; by default the key's own account") },
  sends: true,
  examples: ['account withdraw 20'],
  async run({ args, options, context }) {
    const client = await context.client()
    context.output.doing(`withdrawing ${formatTokens(args.amount)}`)
    await client.withdraw({ amount: args.amount, ...(options.to && { to: options.to }), signal: context.signal })
    const { market } = await client.getBalance()
    return {
      json: { account: client.account, withdrawn: args.amount, to: options.to ?? client.account, market },
      text: [`Paid out ${formatTokens(args.amount)}; ${formatTokens(market)} are left in the market.`],
    }
  },
})
