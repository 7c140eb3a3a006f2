import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, option } from '../parsers.js'

export const proverWithdrawBounty = defineCommand({
  name: 'prover withdraw-bounty',
  summary: 'Pay out the bounties for silence that was reported and seats that were evicted',
  details:
    'They wait in the registry for the account that reported; with a submitter key that is its operator. What draws and settlements bring is in the balance of the market already. `prover rewards` shows both.',
  options: { to: option('account', address, "receiver; by default the key's own account") },
  sends: true,
  examples: ['prover withdraw-bounty'],
  async run({ options, context }) {
    const client = await context.client()
    const { withdrawBounty } = await import('../../client/bounty.js')
    context.output.doing('withdrawing')
    const to = options.to ?? client.account
    const amount = await withdrawBounty(client, { ...(options.to && { to: options.to }), signal: context.signal })
    return { json: { account: client.account, amount, to }, text: [`Paid out ${formatTokens(amount)} to ${to}.`] }
  },
})
