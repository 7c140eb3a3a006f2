import { defineCommand } from '../Command.js'
import { argument, bytes32, option, text } from '../parsers.js'
import { workerDirectory } from '../places.js'

export const proverApprove = defineCommand({
  name: 'prover approve',
  summary: 'Let a worker in the mode approve work for a workload',
  details: 'The worker must run on this machine, under this user.',
  args: { workload: argument(bytes32, 'id of the workload, see `prover waiting`') },
  options: { data: option('directory', text, "the worker's dataDirectory; by default $GEVULOT_DATA_DIRECTORY") },
  examples: ['prover approve 0x41…9e --data /var/lib/gevulot'],
  async run({ args, options, context }) {
    const { askWorker } = await import('../../worker/control/askWorker.js')
    const { toWorkloadId } = await import('../../chain/hex.js')
    const workload = toWorkloadId(args.workload)
    context.output.waiting('asking the worker')
    await askWorker(workerDirectory(options.data, context), { ask: 'decide', workload, decision: 'approve' })
    return { json: { workload, decision: 'approve' }, text: ['It is worked for now.'] }
  },
})
