import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, argument, optionWithDefault, tokens } from '../parsers.js'

const UNIT = 10n ** 18n

export const accountFund = defineCommand({
  name: 'account fund',
  summary: 'Give an account of a local network tokens, and ether for gas',
  details:
    'They are those of the owner, whose key is public on local networks (gevulot devnet); on others it is refused: ask whoever runs the network.',
  args: { account: argument(address, 'who gets them') },
  options: {
    tokens: optionWithDefault('amount', tokens, 10_000n * UNIT, 'tokens'),
    ether: optionWithDefault('amount', tokens, 10n * UNIT, 'ether'),
  },
  examples: ['account fund 0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
  async run({ args: { account }, options, context }) {
    const client = await context.reader()
    const { fundAccount } = await import('../../devnet/fundAccount.js')
    context.output.doing('sending')
    await fundAccount(client, { account, ...options, signal: context.signal })
    const { market, wallet } = await client.getBalance({ account })
    return {
      json: { account, ...options, market, wallet },
      text: [`${account} has ${formatTokens(wallet)} in the wallet now, and got ether for gas.`],
    }
  },
})
