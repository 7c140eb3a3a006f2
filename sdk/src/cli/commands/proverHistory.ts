import type { HistoryOfMoney, HistoryOfWork } from '../../client/operatorHistory.js'
import { defineCommand } from '../Command.js'
import { formatTime, formatTokens, plainTokens } from '../format.js'
import { address, flag, integer, option, optionalArgument } from '../parsers.js'

const DAY = 86_400

export const proverHistory = defineCommand({
  name: 'prover history',
  summary: 'Show what an operator earned and lost, workload by workload',
  details:
    'From the chain alone: per workload and seat the answer, rank, pay, miss and slash, and beside them pay for verdicts, lost bonds of appeals, network rewards, evictions and drops. --csv for spreadsheets, with amounts in whole tokens; --json has token units.',
  args: { operator: optionalArgument(address, 'the account; by default that of the configured key') },
  options: {
    csv: flag('comma-separated values'),
    days: option('number', integer(1, 36_500), 'only what happened in the last days'),
  },
  examples: [
    'prover history --days 30',
    'prover history 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --csv > earnings.csv',
  ],
  async run({ args, options, context }) {
    const client = args.operator === undefined ? await context.client() : await context.reader()
    const { operatorHistory } = await import('../../client/operatorHistory.js')
    const since = options.days === undefined ? 0 : Math.floor(client.clock.now() / 1000) - options.days * DAY
    const operator = args.operator ?? client.account ?? '0x'
    const history = await operatorHistory(client, { operator, since, signal: context.signal })
    const rows = history.entries.map(rowOf)
    if (options.csv)
      return { json: history, text: [COLUMNS.join(','), ...rows.map((row) => csvLine(row))], whole: true }
    const { workloads, paid, verdicts, appeals, rewards, missed, slashed, evictionCharges } = history.totals
    const { output } = context
    const shown = rows.map(
      ([at = '', what = '', workload = '', , seat = '', answer = '', rank = '', amount = '', ...rest]) => [
        ...[at, what, seat, workload, answer, rank, amount],
        ...[
          rest
            .slice(0, -1)
            .filter((note) => note !== '')
            .join(' '),
          rest.at(-1) ?? '',
        ],
      ],
    )
    // Only what moved money beside work names its transaction.
    const transaction = shown.some((row) => row.at(-1) !== '') ? 'TRANSACTION' : ''
    const headings = ['WHEN', 'WHAT', 'SEAT', 'WORKLOAD', 'ANSWER', 'RANK', 'TOKENS', 'OUTCOME', transaction]
    const facts = output.facts([
      ['workloads', String(workloads)],
      ['paid for ranks', formatTokens(paid)],
      ['paid for verdicts', formatTokens(verdicts)],
      ['lost in appeals', formatTokens(appeals)],
      ['network rewards claimed', formatTokens(rewards)],
      ['misses', String(missed)],
      ['slashed', formatTokens(slashed)],
      ['charged for evictions', formatTokens(evictionCharges)],
    ])
    return { json: history, text: [...(rows.length === 0 ? [] : [...output.table(headings, shown), '']), ...facts] }
  },
})

const COLUMNS = [
  ...['time', 'kind', 'workload', 'program', 'seat', 'answer', 'rank', 'tokens', 'missed', 'slashed', 'outcome'],
  ...['recorded_epoch', 'transaction'],
]

/** One row, in the order of {@link COLUMNS}. What was lost has a minus. */
function rowOf(entry: HistoryOfWork | HistoryOfMoney): string[] {
  const at = formatTime(entry.at)
  if (entry.kind === 'work') {
    const { workload, program, seat, open, reason, rank, paid, missed, slashed, outcome, recorded } = entry
    const answer = `${entry.answer}${reason === undefined ? '' : ` ${reason}`}`
    return [
      ...[at, open ? 'open slot' : 'work', workload, program, String(seat), answer, rank === 0 ? '' : String(rank)],
      ...[plainTokens(paid), missed ? 'missed' : '', slashed === 0n ? '' : plainTokens(-slashed), outcome ?? ''],
      ...[recorded === undefined ? '' : String(recorded), ''],
    ]
  }
  const { kind, seat, workload = '', amount, transaction } = entry
  const signed = kind === 'rewards' || kind === 'verdict' ? amount : -amount
  const nothing = ['', '', '', '', '']
  return [
    at,
    kind,
    workload,
    '',
    seat === undefined ? '' : String(seat),
    '',
    '',
    plainTokens(signed),
    ...nothing.slice(0, 4),
    transaction,
  ]
}

/** Every cell is of our own making: none holds a comma, a quote, or begins a formula. */
function csvLine(cells: readonly string[]): string {
  return cells.join(',')
}
