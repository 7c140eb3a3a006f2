import type { WaitingWork } from '../../worker/coordinate/ApprovalDesk.js'
import { defineCommand } from '../Command.js'
import { formatSeconds, formatTime, formatTokens } from '../format.js'
import { option, text } from '../parsers.js'
import { workerDirectory } from '../places.js'

export const proverWaiting = defineCommand({
  name: 'prover waiting',
  summary: 'List the work that waits for approval',
  details:
    'Of the worker that runs on this machine in the mode approve. What nobody has approved shortly before its response window ends is declined; where that would drop the seat it is reported as out of time.',
  options: { data: option('directory', text, "the worker's dataDirectory; by default $GEVULOT_DATA_DIRECTORY") },
  examples: ['prover waiting --data /var/lib/gevulot', 'prover waiting --json'],
  async run({ options, context }) {
    const { askWorker } = await import('../../worker/control/askWorker.js')
    context.output.waiting('asking the worker')
    const answer = (await askWorker(workerDirectory(options.data, context), { ask: 'waiting' })) as Waiting
    const { mode, waiting } = answer
    const rows = waiting.map((work) => [
      work.workload,
      work.program,
      work.requester,
      formatTokens(BigInt(work.fee)),
      formatSeconds(work.maxRunTime),
      work.expectedSeconds === undefined ? 'not known' : formatSeconds(work.expectedSeconds),
      formatTime(work.until),
    ])
    const headings = ['WORKLOAD', 'PROGRAM', 'REQUESTER', 'FEE', 'MAY TAKE', 'TAKES HERE', 'DECLINED AT']
    const drops = waiting.flatMap(({ workload, declineDrops = [] }) =>
      declineDrops.map((seat) => `Declining ${workload} drops seat ${seat}: it has used up its declines of this week.`),
    )
    const nothing = mode === 'approve' ? 'Nothing waits.' : `Nothing waits: the worker is in the mode ${mode}.`
    return { json: answer, text: rows.length === 0 ? [nothing] : [...context.output.table(headings, rows), ...drops] }
  },
})

/** Amounts come as text. */
interface Waiting {
  readonly mode: string
  readonly waiting: readonly (Omit<WaitingWork, 'fee' | 'declineDrops'> & {
    readonly fee: string
    /** Missing where the worker is of an older version. */
    readonly declineDrops?: readonly number[]
  })[]
}
