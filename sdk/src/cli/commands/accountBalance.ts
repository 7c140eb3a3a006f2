import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, optionalArgument } from '../parsers.js'

export const accountBalance = defineCommand({
  name: 'account balance',
  summary: 'Show what an account has',
  args: { account: optionalArgument(address, 'the account; by default that of the configured key') },
  examples: ['account balance', 'account balance 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json'],
  async run({ args, context }) {
    const client = args.account === undefined ? await context.client() : await context.reader()
    const account = args.account ?? client.account
    const { market, wallet, nonce } = await client.getBalance(args.account && { account: args.account })
    const text = context.output.facts([
      ['account', account ?? ''],
      ['in the market', formatTokens(market)],
      ['in the wallet', formatTokens(wallet)],
      ['next nonce', String(nonce)],
    ])
    return { json: { account, market, wallet, nonce }, text }
  },
})
