import { defineCommand } from '../Command.js'
import { formatTime, formatTokens } from '../format.js'
import { BOND_OPTIONS, openBonds } from '../openBonds.js'
import { optionalArgument, tokens } from '../parsers.js'

export const aztecWithdrawBonds = defineCommand({
  name: 'aztec withdraw-bonds',
  summary: 'Take tokens back out of the bonds, in two steps: with an amount ask for it, later without one make it',
  details:
    'Between the steps lies the delay of the bonds, in which what was signed can still be opened. Asking again takes the place of what was asked, and its time begins anew; 0 takes it back.',
  args: { amount: optionalArgument(tokens, 'tokens to ask for; without it what was asked for is paid out') },
  options: BOND_OPTIONS,
  sends: true,
  examples: ['aztec withdraw-bonds 54 --bonds 0x5f…e1', 'aztec withdraw-bonds --bonds 0x5f…e1'],
  async run({ args, options, context }) {
    const account = await openBonds(context, options)
    if (args.amount === undefined) {
      context.output.doing('withdrawing')
      const amount = await account.withdraw()
      return { json: { withdrawn: amount }, text: [`${formatTokens(amount)} are the account's own again.`] }
    }
    context.output.doing('asking')
    const asked = await account.requestWithdrawal(args.amount)
    const { requested, readyAt } = asked
    const said =
      requested === 0n
        ? 'Nothing is asked for any more.'
        : `${formatTokens(requested)} can be withdrawn from ${formatTime(Number(readyAt))} on.`
    return { json: asked, text: [said] }
  },
})
