import type { Workload } from '../../client/Workload.js'
import { defineCommand } from '../Command.js'
import { formatDistance, formatTime, formatTokens } from '../format.js'
import { argument, bytes32 } from '../parsers.js'

export const workloadStatus = defineCommand({
  name: 'workload status',
  summary: 'Show how far a workload is',
  args: { workload: argument(bytes32, 'id of the workload') },
  examples: ['workload status 0x41…9e', 'workload status 0x41…9e --json'],
  async run({ args, context }) {
    const client = await context.reader()
    const workload = await client.getWorkload({ workload: args.workload, signal: context.signal })
    const { terms, slots } = workload
    const { output } = context
    const text = output.facts([
      ['workload', workload.workload],
      ['status', output.paint('strong', workload.status)],
      ...factsOf(workload),
      ['program', workload.spec.program],
      ['requester', workload.spec.requester],
      ['fee', formatTokens(terms.fee)],
      ['redundancy', String(terms.redundancy)],
      ['run time', `${terms.maxRunTime} s`],
    ])
    if (slots.length > 0) {
      const rows = slots.map((slot) => [
        String(slot.seat),
        String(slot.slot),
        slot.status,
        slot.operator ?? '',
        slot.rank === undefined ? '' : String(slot.rank),
        slot.paid === undefined ? '' : formatTokens(slot.paid),
      ])
      text.push('', ...output.table(['SEAT', 'SLOT', 'STATUS', 'OPERATOR', 'RANK', 'PAID'], rows))
    }
    return { json: workload, text }
  },
})

/** What is known only in the workload's status. */
function factsOf(workload: Workload): (readonly [string, string])[] {
  const { time } = workload
  const when = (seconds: number): string => `${formatTime(seconds)} (${formatDistance(seconds, time)})`
  switch (workload.status) {
    case 'pending':
      return [
        ['beacon round', String(workload.round)],
        ['draw until', when(workload.assignUntil)],
        ['cancel', workload.cancelFree ? 'still free' : 'by the rules of a running workload'],
      ]
    case 'proving':
      return [
        ['commits', String(workload.commits)],
        ['commits until', when(workload.deadline)],
        ['open slots', String(workload.openSlots)],
        ...(workload.failReason === undefined ? [] : [['a prover gave up', workload.failReason] as const]),
        ...(workload.cancelFrom === undefined ? [] : [['cancel from', when(workload.cancelFrom)] as const]),
      ]
    case 'revealing':
      return [
        ['revealed', `${workload.revealed} of ${workload.commits}`],
        ['reveals until', when(workload.revealUntil)],
      ]
    case 'verifying':
      return [
        ['judging', workload.attempt === 0 ? workload.stage : `${workload.stage}, attempt ${workload.attempt}`],
        ...(workload.verdictUntil === 0 ? [] : [['verdicts until', when(workload.verdictUntil)] as const]),
      ]
    case 'settleable':
      return [['outcome', workload.outcome]]
    case 'proven':
    case 'expired':
    case 'cancelled':
      return [
        ...(workload.status === 'expired' ? [['reason', workload.reason] as const] : []),
        ['paid', formatTokens(workload.paid)],
        ['refunded', formatTokens(workload.refunded)],
        ['burned', formatTokens(workload.burned)],
      ]
  }
}
