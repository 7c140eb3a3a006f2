import { defineCommand } from '../Command.js'
import { argument, bytes32, option, text } from '../parsers.js'
import { workerDirectory } from '../places.js'

export const proverDecline = defineCommand({
  name: 'prover decline',
  summary: 'Do not let a worker in the mode approve work for a workload',
  details:
    'The worker must run on this machine, under this user. Declining in time costs nothing but a place in the quota of declines.',
  args: { workload: argument(bytes32, 'id of the workload, see `prover waiting`') },
  options: { data: option('directory', text, "the worker's dataDirectory; by default $GEVULOT_DATA_DIRECTORY") },
  examples: ['prover decline 0x41…9e --data /var/lib/gevulot'],
  async run({ args, options, context }) {
    const { askWorker } = await import('../../worker/control/askWorker.js')
    const { toWorkloadId } = await import('../../chain/hex.js')
    const workload = toWorkloadId(args.workload)
    context.output.waiting('asking the worker')
    await askWorker(workerDirectory(options.data, context), { ask: 'decide', workload, decision: 'decline' })
    return { json: { workload, decision: 'decline' }, text: ['It is declined; its slot is open to others.'] }
  },
})
