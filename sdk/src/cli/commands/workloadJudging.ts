import { isIn } from '../../chain/isIn.js'
import { defineCommand } from '../Command.js'
import { formatTime, formatTokens } from '../format.js'
import { argument, bytes32 } from '../parsers.js'

/** Commit orders that a set of proofs can name. */
const ORDERS = Array.from({ length: 31 }, (_, order) => order)

export const workloadJudging = defineCommand({
  name: 'workload judging',
  summary: 'Show how a committee judges the proofs of a workload',
  details:
    'Who has answered what, the verdict as it stands, and what an appeal would take. Proofs are named by commit order.',
  args: { workload: argument(bytes32, 'id of the workload') },
  examples: ['workload judging 0x41…9e'],
  async run({ args, context }) {
    const client = await context.reader()
    const { output } = context
    const judging = await client.getJudging({ workload: args.workload, signal: context.signal })
    const { stage, attempt, appealed, until, appealUntil } = judging
    if (attempt === 0) {
      return {
        json: judging,
        text: [
          'No committee judges this workload, or not yet. One is drawn where the program has no verifier contract.',
        ],
      }
    }
    const rows = judging.members.map(({ member, seat, answered, vote }) => [
      String(member),
      String(seat),
      answered ? proofsIn(vote) : '',
    ])
    const facts = output.facts([
      ['workload', args.workload],
      ['stage', stage],
      ['attempt', appealed ? 'appeal' : String(attempt)],
      ['revealed', proofsIn(judging.revealed)],
      ['valid', proofsIn(judging.valid)],
      ...(until === 0 ? [] : [['answers until', formatTime(until)] as const]),
      ...(appealUntil === undefined
        ? []
        : [
            ['appeal', `until ${formatTime(appealUntil)}, with a bond of ${formatTokens(judging.appealBond)}`] as const,
          ]),
    ])
    const table = rows.length === 0 ? [] : ['', ...output.table(['MEMBER', 'SEAT', 'FINDS VALID'], rows)]
    return { json: judging, text: [...facts, ...table] }
  },
})

function proofsIn(set: number): string {
  const orders = ORDERS.filter((order) => isIn(set, order))
  return orders.length === 0 ? 'none' : orders.join(', ')
}
