import { defineCommand } from '../Command.js'
import { argument, bytes32 } from '../parsers.js'

const LONGEST = 'CancelRequested'.length

export const workloadWatch = defineCommand({
  name: 'workload watch',
  summary: 'Follow a workload until it is final',
  details:
    'With --json every line is one update; a line of kind "reorg" takes back the events of the blocks from redoFrom on.',
  args: { workload: argument(bytes32, 'id of the workload') },
  examples: ['workload watch 0x41…9e', 'workload watch 0x41…9e --json'],
  async run({ args, context }) {
    const client = await context.reader()
    const { describeEvent } = await import('../describeEvent.js')
    const { output, signal } = context
    output.waiting('waiting for what happens next')
    for await (const update of client.watchWorkload({ workload: args.workload, signal })) {
      if (update.kind === 'reorg') {
        output.report({ kind: 'reorg', redoFrom: update.redoFrom }, [
          output.paint('bad', `the chain replaced its blocks from ${update.redoFrom} on`),
        ])
        output.waiting('waiting for what happens next')
        continue
      }
      for (const event of update.events) {
        const { name, args: facts, at } = event
        const { workload: _, ...rest } = facts as unknown as Record<string, unknown>
        output.report(
          { kind: 'event', name, block: at.block, transaction: at.transaction, args: rest },
          output.facts([[`block ${at.block}  ${name.padEnd(LONGEST)}`, describeEvent(event)]]),
        )
      }
      output.waiting('waiting for what happens next')
    }
  },
})
