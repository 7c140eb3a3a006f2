import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, bytes32, option, tokens } from '../parsers.js'

export const workloadAppeal = defineCommand({
  name: 'workload appeal',
  summary: "Appeal a committee's verdict to a larger committee",
  details:
    'Possible once, by anyone, in the verdict window after the answers. The bond comes back when the verdict changes; else it pays the members, and the rest of it burns. `workload judging` shows what it takes.',
  args: { workload: argument(bytes32, 'id of the workload') },
  options: { maxBond: option('tokens', tokens, 'appeal only if the bond is not larger') },
  sends: true,
  examples: ['workload appeal 0x41…9e --max-bond 10'],
  async run({ args, options, context }) {
    const client = await context.client()
    context.output.doing('appealing')
    const { maxBond } = options
    const given = maxBond === undefined ? {} : { maxBond }
    const bond = await client.appeal({ workload: args.workload, ...given, signal: context.signal })
    return {
      json: { workload: args.workload, bond },
      text: [`Appealed, with a bond of ${formatTokens(bond)}.`],
    }
  },
})
