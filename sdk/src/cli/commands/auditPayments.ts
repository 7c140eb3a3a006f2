import type { Payment } from '../../audit/expectedPayments.js'
import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { argument, bytes32 } from '../parsers.js'

export const auditPayments = defineCommand({
  name: 'audit payments',
  summary: 'Count the payments of a workload again and compare',
  details:
    'Recomputes ranks, payments, refund and burn of a workload that has ended from its events and frozen rules; where a committee judged, the answers of its members too. Ends with exit code 3 when the chain reports something else.',
  args: { workload: argument(bytes32, 'id of the workload') },
  examples: ['audit payments 0x41…9e', 'audit payments 0x41…9e --json'],
  async run({ args, context }) {
    const { contracts } = await context.reader()
    const { auditPayments } = await import('../../audit/auditPayments.js')
    const audit = await auditPayments(contracts, args.workload)
    const { agrees, have, want, verdict } = audit
    const { output } = context
    const mark = (isRight: boolean): string => (isRight ? '' : output.paint('bad', 'differs'))
    const seats = [...new Set([...want.slots, ...have.slots].map(({ seat }) => seat))]
    const slots = seats.map((seat) => {
      const [one, other] = [have, want].map(({ slots }) => textOf(slots.find((slot) => slot.seat === seat)))
      return [String(seat), one ?? '', other ?? '', mark(one === other)]
    })
    const sums = (['committee', 'paid', 'refunded', 'burned'] as const).map((name) => [
      name,
      formatTokens(have[name]),
      formatTokens(want[name]),
      mark(have[name] === want[name]),
    ])
    const text = [
      ...output.facts([
        ['workload', audit.workload],
        ['audit', agrees ? output.paint('good', 'agrees') : output.paint('bad', 'DIFFERS')],
        ['pot', formatTokens(want.pot)],
        ['ranks', want.shares.map(formatTokens).join(', ')],
        ...(verdict ? [['verdict', verdictOf(verdict)] as const] : []),
      ]),
      '',
      ...output.table(['SEAT', 'CHAIN SAYS', 'FOLLOWS', ''], [...slots, ...sums]),
    ]
    return { json: audit, text, exit: agrees ? 'ok' : 'disagrees' }
  },
})

function textOf(payment: Payment | undefined): string {
  if (payment === undefined) return '–'
  return payment.rank === 0 ? formatTokens(payment.paid) : `rank ${payment.rank}, ${formatTokens(payment.paid)}`
}

function verdictOf({
  judged,
  valid,
  members,
  parts,
}: {
  readonly judged: boolean
  readonly valid: number
  readonly members: number
  readonly parts: number
}): string {
  if (!judged) return 'no committee came together: revealers share half'
  const orders = Array.from({ length: 31 }, (_, order) => order).filter((order) => (valid >>> order) & 1)
  return `valid: ${orders.length === 0 ? 'none' : orders.join(', ')}; ${members} of ${parts} parts are paid`
}
