import type { ReactNode } from 'react'
import { duration, inTokens, tokens, words } from '../format.js'
import { Account, Amount } from '../parts/small.js'
import { SplitBar, type Part } from '../parts/SplitBar.js'
import { amountIn, lanesOf, numberIn, stepsOf, textIn, type Workload } from './readStory.js'
import { StepCard } from './StepCard.js'
import { Scroller } from '../parts/Scroller.js'

/** Ranks, payments, refund and burn. */
export function PayStep({ workload }: { readonly workload: Workload }): ReactNode {
  const { story } = workload
  const step = stepsOf(story, 'Finished')[0]
  if (step === undefined) return null
  const lanes = lanesOf(workload)
  const start = stepsOf(story, 'Assigned')[0]?.time ?? step.time
  const paid = lanes.filter((lane) => lane.paid > 0n || lane.rank > 0).sort((a, b) => (a.rank || 99) - (b.rank || 99))
  const outcome = textIn(step, 'outcome')
  return (
    <StepCard stage={outcome === 'Proven' ? 'pay' : 'end'} title={TITLES[outcome] ?? `It ended: ${words(outcome)}`} time={step.time}>
      <p>{SAYINGS[outcome] ?? 'No valid proof came in time, so nobody has a rank.'}</p>
      <SplitBar label="Where the fee went" parts={partsOf(workload)} />
      {paid.length > 0 && (
        <Scroller label="Payments" style={{ marginTop: '1rem' }}>
          <table>
            <caption className="hidden">Payments</caption>
            <thead>
              <tr>
                <th scope="col">Rank</th>
                <th scope="col">Seat</th>
                <th scope="col" className="wide">Operator</th>
                <th scope="col" className="num">After</th>
                <th scope="col" className="num">Paid</th>
              </tr>
            </thead>
            <tbody>
              {paid.map((lane) => (
                <tr key={lane.seat}>
                  <td>{lane.rank > 0 ? lane.rank : 'compensation'}</td>
                  <td>{lane.seat}</td>
                  <td className="wide"><Account id={lane.operator} /></td>
                  <td className="num">{duration((lane.committedAt ?? lane.revealedAt ?? step.time) - start)}</td>
                  <td className="num"><Amount units={lane.paid} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </StepCard>
  ) // prettier-ignore
}

const TITLES: Readonly<Record<string, string>> = {
  Proven: 'Ranks are paid',
  Cancelled: 'The requester cancelled',
}

const SAYINGS: Readonly<Record<string, string>> = {
  Proven:
    'The first valid proof earns most, each further rank four fifths of the one before. Shares of ranks that nobody filled burn.',
  Cancelled: 'Provers that had accepted share a compensation that grew with time; the rest of the pot went back.',
  Unserved: 'Nobody accepted or committed, so the network pays the pot back.',
}

function partsOf({ story, fee }: Workload): Part[] {
  const step = stepsOf(story, 'Finished')[0]
  if (step === undefined) return []
  const ranks = stepsOf(story, 'SlotSettled').map((one) => ({
    rank: numberIn(one, 'rank'),
    paid: amountIn(one, 'paid'),
  }))
  const sum = (list: readonly { readonly paid: bigint }[]): bigint => list.reduce((total, { paid }) => total + paid, 0n)
  const [paid, refunded, burned] = [amountIn(step, 'paid'), amountIn(step, 'refunded'), amountIn(step, 'burned')]
  const ranked = ranks.filter(({ rank }) => rank > 0).sort((a, b) => a.rank - b.rank)
  const waited = sum(ranks.filter(({ rank }) => rank === 0))
  const part = (name: string, units: bigint, tone: Part['tone']): Part => ({
    ...{ name, tone, size: inTokens(units), text: tokens(units) },
  })
  return [
    ...ranked.map(({ rank, paid: units }) => ({
      ...part(`rank ${rank}`, units, 'good'),
      strength: 0.82 ** (rank - 1),
    })),
    part('compensation', waited, 'busy'),
    part('committee', paid - sum(ranked) - waited, 'violet'),
    part('bounties of callers', BigInt(fee) - paid - refunded - burned, 'busy'),
    part('refunded', refunded, 'mute'),
    part('burned', burned, 'warn'),
  ]
}
