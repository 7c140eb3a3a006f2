import { defineCommand } from '../Command.js'
import { toJson } from '../Output.js'
import { argument, bytes32 } from '../parsers.js'

export const workloadWatch = defineCommand({
  name: 'workload watch',
  summary: 'Follow a workload until it is final',
  details:
    'With --json every line is one update; a line of kind "reorg" takes back the events of the blocks from redoFrom on.',
  args: { workload: argument(bytes32, 'id of the workload') },
  examples: ['workload watch 0x41…9e', 'workload watch 0x41…9e --json'],
  async run({ args, context }) {
    const client = await context.reader()
    const { output, signal } = context
    for await (const update of client.watchWorkload({ workload: args.workload, signal })) {
      if (update.kind === 'reorg') {
        output.report({ kind: 'reorg', redoFrom: update.redoFrom }, [
          output.paint('bad', `the chain replaced its blocks from ${update.redoFrom} on`),
        ])
        continue
      }
      for (const { name, args: facts, at } of update.events) {
        const { workload: _, ...rest } = facts as unknown as Record<string, unknown>
        const line = Object.entries(rest).map(
          ([key, value]) => `${key} ${typeof value === 'string' ? value : toJson(value).replaceAll('"', '')}`,
        )
        output.report({ kind: 'event', name, block: at.block, transaction: at.transaction, args: rest }, [
          `${output.paint('faint', `block ${at.block}`)}  ${output.paint('strong', name.padEnd(13))}  ${line.join('  ')}`,
        ])
      }
    }
  },
})
