import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, bytes32, integer, option, optionWithDefault, requiredOption, tokens } from '../parsers.js'

export const workloadQuote = defineCommand({
  name: 'workload quote',
  summary: 'Show what a workload costs and where the money goes',
  args: { program: argument(bytes32, 'id of the program') },
  options: {
    maxRunTime: requiredOption('seconds', integer(1, 86_400), 'from the draw until commits close'),
    redundancy: optionWithDefault('number', integer(1, 8), 1, 'ranked proofs to pay for'),
    fee: option('tokens', tokens, 'the fee to explain; by default the least'),
  },
  examples: ['workload quote 0x9c…17 --max-run-time 600 --redundancy 3'],
  async run({ args, options, context }) {
    const client = await context.reader()
    const { program } = args
    const { fee, ...terms } = options
    const quote = await client.quote({ program, ...terms, ...(fee !== undefined && { fee }) })
    const { split, ranks, outcomes } = quote
    const { output } = context
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
    ]
    return { json: quote, text }
  },
})
