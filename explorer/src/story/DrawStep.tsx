import { useEffect, useState, type ReactNode } from 'react'
import type { DrawFacts } from '../../../sdk/src/audit/DrawFacts.js'
import type { RecomputedDraw } from '../../../sdk/src/audit/recomputeDraw.js'
import type { DrawnCandidate } from '../../../sdk/src/chain/draw.js'
import { OPEN_SLOT, type Draw } from '../../../sdk/src/chain/names.js'
import { GevulotError } from '../../../sdk/src/errors/GevulotError.js'
import { api } from '../api.js'
import { plural } from '../format.js'
import { Account, CommandLine } from '../parts/small.js'
import { candidatesOf, stepsOf, type Workload } from './readStory.js'
import { StepCard } from './StepCard.js'
import { Scroller } from '../parts/Scroller.js'

const WHY: Readonly<Record<Draw, string>> = {
  Drawn: 'drawn',
  Busy: 'passed over: it was at work, or had no room',
  BelowFloor: 'passed over: its price floor is above the offer',
  Inactive: 'passed over: it is not in the active set any more',
  SameOperator: 'passed over: its operator has a slot here already',
  Spare: 'not needed: every slot was taken',
}

/** Who was drawn, who was passed over and why; computed again in this page. */
export function DrawStep({ workload }: { readonly workload: Workload }): ReactNode {
  const step = stepsOf(workload.story, 'Assigned')[0]
  if (step === undefined) return null
  const candidates = candidatesOf(workload.story)
  const drawn = candidates.filter(({ draw }) => draw === 'Drawn').length
  const open = workload.redundancy - drawn
  return (
    <StepCard stage="assign" title={drawn === 0 ? 'Nobody could be drawn' : 'Seats are drawn'} time={step.time}>
      <p>
        The beacon's value, known to nobody when the proof was asked for, puts the active seats in an order.{' '}
        {workload.redundancy === 1
          ? 'The first that is fit takes the slot'
          : `The first that are fit take the ${workload.redundancy} slots`}
        {open > 0 && `; ${plural(open, 'slot')} ${open === 1 ? 'is' : 'are'} open to everybody from the start`}.
      </p>
      <Recomputed workload={workload.workload} />
      <Candidates candidates={candidates} />
    </StepCard>
  )
}

function Candidates({ candidates }: { readonly candidates: readonly DrawnCandidate[] }): ReactNode {
  return (
    <Scroller label="Candidates in the order of the draw">
      <table>
        <caption className="hidden">Candidates in the order of the draw</caption>
        <thead>
          <tr>
            <th scope="col" className="place">Place</th>
            <th scope="col">Seat</th>
            <th scope="col" className="wide">Operator</th>
            <th scope="col">What the draw did with it</th>
          </tr>
        </thead>
        <tbody>
          {candidates.map(({ seat, operator, draw, slot }, index) => (
            <tr key={seat} className={draw === 'Drawn' ? 'drawn' : 'passed'}>
              <td className="place">{index + 1}</td>
              <td>{seat}</td>
              <td className="wide"><Account id={operator} /></td>
              <td>{slot === OPEN_SLOT ? WHY[draw] : `takes slot ${slot + 1}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  ) // prettier-ignore
}

type Audit =
  | { readonly state: 'computing' }
  | { readonly state: 'done'; readonly facts: DrawFacts; readonly draw: RecomputedDraw }
  | { readonly state: 'failed'; readonly why: string }

/** Asks for the facts of a draw and computes it with the code of `gevulot audit draw`. */
function Recomputed({ workload }: { readonly workload: string }): ReactNode {
  const [audit, setAudit] = useState<Audit>({ state: 'computing' })
  useEffect(() => {
    const over = new AbortController()
    compute(workload, over.signal).then(
      (done) => !over.signal.aborted && setAudit({ state: 'done', ...done }),
      (error: unknown) => {
        const why = error instanceof GevulotError ? error.message : 'the facts do not fit together'
        if (!over.signal.aborted) setAudit({ state: 'failed', why })
      },
    )
    return () => over.abort()
  }, [workload])
  if (audit.state === 'computing') {
    return (
      <div className="audit" role="status">
        <span aria-hidden="true">…</span>
        <p>Computing the draw again in this page</p>
      </div>
    )
  }
  if (audit.state === 'failed') {
    return (
      <div className="audit" role="status">
        <span aria-hidden="true">?</span>
        <p>The draw could not be computed again: {audit.why}.</p>
      </div>
    )
  }
  const { facts, draw } = audit
  return (
    <div
      className={`audit ${draw.agrees ? 'good' : 'bad'}`}
      role="status"
      data-audit={draw.agrees ? 'agrees' : 'differs'}
    >
      <span aria-hidden="true">{draw.agrees ? '✓' : '✗'}</span>
      <div style={{ minWidth: 0 }}>
        <p>
          <b>
            {draw.agrees
              ? 'Computed again in this page: the same.'
              : 'Computed again in this page: the chain says something else.'}
          </b>{' '}
          {plural(facts.set.length, 'seat')} of epoch {facts.epoch}, beacon round {facts.round}.
        </p>
        <details>
          <summary>What went into it</summary>
          <p className="small">
            Randomness <code>{facts.randomness}</code>
          </p>
          <p className="small">
            Seed, the hash of randomness and workload <code>{draw.seed}</code>
          </p>
          <p className="small">Order of seats: {draw.sequence.join(', ')}</p>
          {facts.uncertain.length > 0 && (
            <p className="small">Taken as the chain reports it: whether seat {facts.uncertain.join(', ')} had room.</p>
          )}
          <p className="small">
            The facts come from this server. To take them from a node of your own:{' '}
            <CommandLine line={`gevulot audit draw ${workload}`} />
          </p>
        </details>
      </div>
    </div>
  )
}

async function compute(workload: string, signal: AbortSignal): Promise<{ facts: DrawFacts; draw: RecomputedDraw }> {
  const [answer, { recomputeDraw }] = await Promise.all([
    api.getDraw({ workload }, { signal }),
    import('../../../sdk/src/audit/recomputeDraw.js'),
  ])
  const candidates = answer.candidates.map((one) => ({ ...one, priceFloor: BigInt(one.priceFloor) }))
  // The schema has checked that ids are ids.
  const facts = { ...answer, candidates, offer: BigInt(answer.offer) } as unknown as DrawFacts
  return { facts, draw: recomputeDraw(facts) }
}
