import { defineCommand } from '../Command.js'
import { argument, bytes32 } from '../parsers.js'

export const workloadRelease = defineCommand({
  name: 'workload release',
  summary: 'Close commits early',
  details: 'Needs a commit. It ends the duty of everybody else to answer; nobody gains by it.',
  args: { workload: argument(bytes32, 'id of the workload') },
  sends: true,
  examples: ['workload release 0x41…9e'],
  async run({ args, context }) {
    const client = await context.client()
    context.output.doing('releasing')
    await client.release({ workload: args.workload, signal: context.signal })
    return { json: { workload: args.workload, released: true }, text: ['Commits are closed.'] }
  },
})
