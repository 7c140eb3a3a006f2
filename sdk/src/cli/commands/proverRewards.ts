import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, flag, optionalArgument } from '../parsers.js'

/** Receipts that fit a transaction. */
const AT_ONCE = 32

export const proverRewards = defineCommand({
  name: 'prover rewards',
  summary: 'Show the network rewards and the bounties of an operator, and collect the rewards',
  details:
    'Due: what ended epochs have left. Pending: points of the epoch that runs. Unrecorded: paid workloads that have no points yet. A worker collects by itself; --collect does it now, for any operator, and the rewards go into the balance of that operator. Bounties are for seats that it reported or evicted: prover withdraw-bounty pays them out.',
  args: { operator: optionalArgument(address, 'the account; by default that of the configured key') },
  options: { collect: flag('record paid workloads and claim what is due; the configured key pays the gas') },
  sends: true,
  examples: ['prover rewards', 'prover rewards 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --collect'],
  async run({ args, options, context }) {
    const client = args.operator === undefined || options.collect ? await context.client() : await context.reader()
    const { output, signal } = context
    const operator = args.operator ?? client.account ?? '0x'
    const unrecorded = await client.findUnrecorded({ operator, signal })
    const { due, pending } = await client.getRewards({ operator })
    const { getBounty } = await import('../../client/bounty.js')
    const bounty = await getBounty(client, { account: operator, signal })
    let recorded = 0
    for (let at = 0; options.collect && at < unrecorded.length; at += AT_ONCE) {
      output.doing('recording paid workloads')
      recorded += await client.recordRewards({ workloads: unrecorded.slice(at, at + AT_ONCE), signal })
    }
    const claimed = options.collect && due > 0n
    if (claimed) {
      output.doing('claiming')
      await client.claimRewards({ operators: [operator], signal })
    }
    return {
      json: { operator, due, pending, unrecorded, recorded, claimed: claimed ? due : 0n, bounty },
      text: output.facts([
        ['operator', operator],
        ['due', claimed ? `${formatTokens(due)}, now in the balance` : formatTokens(due)],
        ['pending', formatTokens(pending)],
        ['unrecorded', recorded > 0 ? `${recorded} workloads, recorded now` : `${unrecorded.length} workloads`],
        ['bounties', formatTokens(bounty)],
      ]),
    }
  },
})
