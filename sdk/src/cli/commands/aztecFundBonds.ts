import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { BOND_OPTIONS, openBonds } from '../openBonds.js'
import { argument, tokens } from '../parsers.js'

export const aztecFundBonds = defineCommand({
  name: 'aztec fund-bonds',
  summary: "Pay tokens of the account's into the bonds, to bond them",
  args: { amount: argument(tokens, 'tokens') },
  options: BOND_OPTIONS,
  sends: true,
  examples: ['aztec fund-bonds 54 --bonds 0x5f…e1'],
  async run({ args, options, context }) {
    const account = await openBonds(context, options)
    context.output.doing('paying in')
    const { balance } = await account.fund(args.amount)
    return { json: { balance }, text: [`The account has ${formatTokens(balance)} in the bonds.`] }
  },
})
