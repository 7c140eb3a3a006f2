import { defineCommand } from '../Command.js'
import { argument, bytes32, option, text } from '../parsers.js'
import { workerDirectory } from '../places.js'

export const proverDecline = defineCommand({
  name: 'prover decline',
  summary: 'Do not let a worker in the mode approve work for a workload',
  details:
    'The worker must run on this machine, under this user. Declining in time costs nothing but a place in the quota of declines; above the quota it drops the seat, which is said.',
  args: { workload: argument(bytes32, 'id of the workload, see `prover waiting`') },
  options: { data: option('directory', text, "the worker's dataDirectory; by default $GEVULOT_DATA_DIRECTORY") },
  examples: ['prover decline 0x41…9e --data /var/lib/gevulot'],
  async run({ args, options, context }) {
    const { askWorker } = await import('../../worker/control/askWorker.js')
    const { toWorkloadId } = await import('../../chain/hex.js')
    const workload = toWorkloadId(args.workload)
    context.output.waiting('asking the worker')
    const directory = workerDirectory(options.data, context)
    const { waiting } = (await askWorker(directory, { ask: 'waiting' })) as Waiting
    await askWorker(directory, { ask: 'decide', workload, decision: 'decline' })
    const drops = waiting.find((work) => work.workload === workload)?.declineDrops ?? []
    const said = drops.map((seat) => `This drops seat ${seat}: it had used up its declines of this week.`)
    return {
      json: { workload, decision: 'decline', drops },
      text: ['It is declined; its slot is open to others.', ...said],
    }
  },
})

interface Waiting {
  readonly waiting: readonly { readonly workload: string; readonly declineDrops?: readonly number[] }[]
}
