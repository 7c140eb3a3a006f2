import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, tokens } from '../parsers.js'

export const accountDeposit = defineCommand({
  name: 'account deposit',
  summary: 'Pay tokens into the balance that fees are paid from',
  args: { amount: argument(tokens, 'tokens, for example 12.5') },
  sends: true,
  examples: ['account deposit 100'],
  async run({ args, context }) {
    const client = await context.client()
    context.output.doing(`depositing ${formatTokens(args.amount)}`)
    await client.deposit({ amount: args.amount, signal: context.signal })
    const { market } = await client.getBalance()
    return {
      json: { account: client.account, deposited: args.amount, market },
      text: [`Deposited ${formatTokens(args.amount)}; the balance in the market is ${formatTokens(market)}.`],
    }
  },
})
