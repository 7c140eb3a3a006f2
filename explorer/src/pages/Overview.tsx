import type { ReactNode } from 'react'
import type { AnswerOf } from '../answers.js'
import { api } from '../api.js'
import { Failure, Figures, Amount } from '../parts/small.js'
import { TimeBars } from '../parts/TimeBars.js'
import { WorkloadTable } from '../parts/WorkloadTable.js'
import { count, duration, percent, plural } from '../format.js'
import { Link, useTitle } from '../router.js'
import { useAnswer } from '../useAnswer.js'

const SPANS = 36
const NEWEST = 12

/** The network at a glance, live. */
export function Overview(): ReactNode {
  useTitle('')
  const network = useAnswer('network', (signal) => api.getNetwork({}, { signal }))
  const newest = useAnswer('newest', (signal) => api.listWorkloads({ limit: NEWEST }, { signal }))
  const failure = network.failure ?? newest.failure
  return (
    <>
      <div>
        <h1>A market for proofs</h1>
        <p className="quiet">Provers drawn at random, paid by rank, all of it on chain. What happens now:</p>
      </div>
      {failure !== undefined && <Failure failure={failure} />}
      {network.answer !== undefined && <Totals totals={network.answer.totals} />}
      <Activity />
      <section className="card" aria-labelledby="newest">
        <div className="head">
          <h2 id="newest">Newest workloads</h2>
          <Link to="/workloads">All workloads</Link>
        </div>
        {newest.answer === undefined ? (
          <p className="empty">Reading…</p>
        ) : newest.answer.workloads.length === 0 ? (
          <p className="empty">Nobody has asked for a proof yet.</p>
        ) : (
          <WorkloadTable rows={newest.answer.workloads} caption="The newest workloads" />
        )}
      </section>
    </>
  )
}

function Totals({ totals }: { readonly totals: AnswerOf<'getNetwork'>['totals'] }): ReactNode {
  const { workloads, open, proven, expired, active, seats, operators, fees, burned, paid, rewards } = totals
  return (
    <Figures
      label="The network since its beginning"
      of={[
        { name: 'Workloads', value: count(workloads), note: `${count(open)} open now` },
        { name: 'Proven', value: percent(proven, proven + expired), note: `${count(proven)} of ${count(proven + expired)} that ended` },
        { name: 'Active seats', value: count(active), note: `of ${count(seats)}, ${plural(operators, 'operator')}` },
        { name: 'Fees', value: <Amount units={fees} digits={1} />, note: <>paid out <Amount units={paid} digits={1} /></> },
        { name: 'Burned', value: <Amount units={burned} digits={1} />, note: <>rewards <Amount units={rewards} digits={1} /></> },
      ]} // prettier-ignore
    />
  )
}

function Activity(): ReactNode {
  const { answer } = useAnswer('activity', (signal) => api.listEpochs({ last: SPANS }, { signal }))
  if (answer === undefined) return null
  const { spans, epochLength } = answer
  const bars = spans.map(({ from, proven, expired, cancelled }) => ({
    from,
    parts: [
      { name: 'proven', size: proven, tone: 'good' as const },
      { name: 'expired', size: expired, tone: 'bad' as const },
      { name: 'cancelled', size: cancelled, tone: 'mute' as const },
    ],
  }))
  return (
    <section className="card" aria-labelledby="activity">
      <div className="head">
        <h2 id="activity">How workloads ended</h2>
        <span className="quiet small">
          last {plural(spans.length, 'epoch')} of {duration(epochLength)}
        </span>
      </div>
      <TimeBars bars={bars} label="Workloads that ended in each epoch" format={String} />
    </section>
  )
}
