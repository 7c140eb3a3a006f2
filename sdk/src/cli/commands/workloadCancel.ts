import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, bytes32 } from '../parsers.js'

export const workloadCancel = defineCommand({
  name: 'workload cancel',
  summary: 'Cancel a workload, whatever that takes now',
  details:
    'Free before the draw is fixed. After it the cancel takes two steps with a delay between them, and provers that accepted share a compensation. Goes on where it stopped when repeated.',
  args: { workload: argument(bytes32, 'id of the workload') },
  sends: true,
  examples: ['workload cancel 0x41…9e'],
  async run({ args, context }) {
    const client = await context.client()
    context.output.doing('cancelling; after the draw this takes a delay')
    await client.cancel({ workload: args.workload, signal: context.signal })
    const workload = await client.getWorkload({ workload: args.workload })
    const refunded = workload.status === 'cancelled' ? workload.refunded : 0n
    return {
      json: { workload: args.workload, status: workload.status, refunded },
      text: [`Cancelled; ${formatTokens(refunded)} came back.`],
    }
  },
})
