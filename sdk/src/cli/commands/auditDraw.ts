import type { CommitteeAudit } from '../../audit/auditCommittees.js'
import type { DrawnCandidate } from '../../chain/draw.js'
import { OPEN_SLOT } from '../../chain/names.js'
import { defineCommand } from '../Command.js'
import type { Output } from '../Output.js'
import { argument, bytes32 } from '../parsers.js'

export const auditDraw = defineCommand({
  name: 'audit draw',
  summary: 'Draw the seats of a workload again and compare',
  details:
    'Recomputes the draw from the registry’s events, the beacon’s value and the state of the block before, and where a committee judges the draw of each committee too; needs an endpoint that still has that state. Ends with exit code 3 when the chain reports something else.',
  args: { workload: argument(bytes32, 'id of the workload') },
  examples: ['audit draw 0x41…9e', 'audit draw 0x41…9e --json'],
  async run({ args, context }) {
    const { contracts } = await context.reader()
    const { auditDraw } = await import('../../audit/auditDraw.js')
    const audit = await auditDraw(contracts, args.workload)
    const { agrees, have, want, uncertain, round, randomness, seed, epoch, setSize } = audit
    const { output } = context
    const rows = Array.from({ length: Math.max(have.length, want.length) }, (_, place) => {
      const [one, other] = [have[place], want[place]]
      const cells = [
        String(place + 1),
        seatOf(one ?? other),
        (one ?? other)?.operator ?? '',
        resultOf(one),
        resultOf(other),
      ]
      return [...cells, isSame(one, other) ? '' : output.paint('bad', 'differs')]
    })
    const text = [
      ...output.facts([
        ['workload', audit.workload],
        ['audit', agrees ? output.paint('good', 'agrees') : output.paint('bad', 'DIFFERS')],
        ['beacon round', String(round)],
        ['randomness', randomness],
        ['seed', seed],
        ['set', `${setSize} seats, as of epoch ${epoch}`],
      ]),
      '',
      ...output.table(['', 'SEAT', 'OPERATOR', 'CHAIN SAYS', 'FOLLOWS', ''], rows),
    ]
    if (uncertain.length > 0)
      text.push('', `Taken as the chain reports it: whether seat ${uncertain.join(', ')} had room.`)
    for (const committee of audit.committees) text.push('', ...describeCommittee(output, committee))
    return { json: audit, text, exit: agrees ? 'ok' : 'disagrees' }
  },
})

function describeCommittee(output: Output, committee: CommitteeAudit): string[] {
  const { attempt, appeal, agrees, round, randomness, seed, epoch, setSize, have, want } = committee
  const rows = Array.from({ length: Math.max(have.length, want.length) }, (_, member) => {
    const [one, other] = [have[member], want[member]]
    const differs = one === other ? '' : output.paint('bad', 'differs')
    return [String(member), String(one ?? '–'), String(other ?? '–'), differs]
  })
  return [
    ...output.facts([
      ['committee', appeal ? 'of the appeal' : String(attempt)],
      ['audit', agrees ? output.paint('good', 'agrees') : output.paint('bad', 'DIFFERS')],
      ['beacon round', String(round)],
      ['randomness', randomness],
      ['seed', seed],
      ['set', `${setSize} seats, as of epoch ${epoch}`],
    ]),
    '',
    ...output.table(['MEMBER', 'CHAIN SAYS', 'FOLLOWS', ''], rows),
  ]
}

function seatOf(candidate: DrawnCandidate | undefined): string {
  return candidate === undefined ? '' : String(candidate.seat)
}

function resultOf(candidate: DrawnCandidate | undefined): string {
  if (candidate === undefined) return '–'
  return candidate.slot === OPEN_SLOT ? candidate.draw : `${candidate.draw}, slot ${candidate.slot}`
}

function isSame(one: DrawnCandidate | undefined, other: DrawnCandidate | undefined): boolean {
  return seatOf(one) === seatOf(other) && resultOf(one) === resultOf(other) && one?.operator === other?.operator
}
