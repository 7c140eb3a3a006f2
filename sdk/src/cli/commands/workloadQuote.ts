import type { ProgramHistory } from '../../client/programHistory.js'
import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, bytes32, integer, option, optionWithDefault, requiredOption, tokens } from '../parsers.js'

export const workloadQuote = defineCommand({
  name: 'workload quote',
  summary: 'Show what a workload costs, where the money goes, and how often the program was proven in that time',
  args: { program: argument(bytes32, 'id of the program') },
  options: {
    maxRunTime: requiredOption('seconds', integer(1, 86_400), 'from the draw until commits close'),
    redundancy: optionWithDefault('number', integer(1, 8), 1, 'ranked proofs to pay for'),
    fee: option('tokens', tokens, 'the fee to explain; by default the least'),
    historyBlocks: optionWithDefault('number', integer(0, 100_000_000), 50_000, 'how far back to look for workloads; 0: not at all'), // prettier-ignore
  },
  examples: ['workload quote 0x9c…17 --max-run-time 600 --redundancy 3'],
  async run({ args, options, context }) {
    const client = await context.reader()
    const { program } = args
    const { fee, historyBlocks: blocks, ...terms } = options
    const { output, signal } = context
    const history = blocks > 0 && { blocks }
    const quote = await client.quote({ program, ...terms, history, signal, ...(fee !== undefined && { fee }) })
    const { split, ranks, outcomes } = quote
    const text = [
      ...output.facts([
        ['least fee', formatTokens(quote.minimumFee)],
        ['fee', formatTokens(quote.fee)],
        ['burned in any case', formatTokens(split.baseBurn)],
        ['to whoever draws', formatTokens(split.assignBounty)],
        ['to whoever settles', formatTokens(split.settleBounty)],
        ...ranks.map((share, index) => [`rank ${index + 1} earns`, formatTokens(share)] as const),
      ]),
      '',
      ...output.table(
        ['WHEN IT ENDS AS', 'COMES BACK', 'BURNS'],
        [
          ...outcomes.proven.map((settled, index) => [`proven, ${index + 1} valid`, settled] as const),
          ['expired', outcomes.expired] as const,
          ['unserved', outcomes.unserved] as const,
          ['cancelled before the draw is fixed', outcomes.cancelledEarly] as const,
          ['cancelled later (at most)', outcomes.cancelledLate] as const,
        ].map(([name, { refunded, burned }]) => [name, formatTokens(refunded), formatTokens(burned)]),
      ),
      ...(quote.history === undefined ? [] : ['', ...output.facts(historyFacts(quote.history))]),
    ]
    return { json: quote, text }
  },
})

function historyFacts({ blocks, ended, proven, chance, runTimes }: ProgramHistory): [string, string][] {
  const since = `since block ${blocks.from}`
  if (chance === undefined) return [['proven in that time', `unknown: no workload of the program that says so ended ${since}`]] // prettier-ignore
  return [
    ['proven in that time', `${proven} of ${ended} workloads that ended ${since} (${Math.round(chance * 100)} %)`],
    ...(runTimes === undefined
      ? []
      : [['its proofs took', `${runTimes.least} s to ${runTimes.most} s, nine of ten at most ${runTimes.p90} s, half of them ${runTimes.median} s`] as [string, string]]), // prettier-ignore
  ]
}
