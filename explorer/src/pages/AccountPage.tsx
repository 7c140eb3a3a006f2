import type { ReactNode } from 'react'
import type { AnswerOf } from '../answers.js'
import { api } from '../api.js'
import { count, inTokens, percent, tokens } from '../format.js'
import { Histogram } from '../parts/Histogram.js'
import { Ago, Amount, Failure, Figures, WholeId } from '../parts/small.js'
import { SplitBar } from '../parts/SplitBar.js'
import { WorkloadsOf } from '../parts/WorkloadsOf.js'
import { Link, useTitle } from '../router.js'
import { useAnswer } from '../useAnswer.js'
import { Scroller } from '../parts/Scroller.js'

type Operator = AnswerOf<'getOperator'>

/** An account: as an operator, if it holds seats, and as a requester. */
export function AccountPage({ account }: { readonly account: string }): ReactNode {
  useTitle(`Account ${account.slice(0, 8)}`)
  const { answer, failure } = useAnswer(`operator ${account}`, (signal) =>
    api.getOperator({ operator: account }, { signal }),
  )
  const isNone = failure?.code === 'API_NOT_FOUND'
  if (answer === undefined && failure === undefined) return <p className="empty">Reading…</p>
  if (failure !== undefined && !isNone && answer === undefined) return <Failure failure={failure} isPage />
  return (
    <>
      <div>
        <p className="crumb">{answer !== undefined && <><Link to="/provers">Operators</Link> /</>}</p>
        <h1 className="title">{answer === undefined ? 'Account' : 'Operator'}</h1>
        <p className="quiet"><WholeId id={answer?.operator ?? account} name="account" /></p>
      </div>
      {answer !== undefined && <AsOperator operator={answer} />}
      <WorkloadsOf filter={{ requester: account }} title="Workloads it asked for" empty="This account has asked for no proof." />
    </>
  ) // prettier-ignore
}

function AsOperator({ operator }: { readonly operator: Operator }): ReactNode {
  const { earned, ranked, waiting, judging, rewards, slots, proofs, invalid, declined, failed, missed, silent } =
    operator
  const earnings = [
    { name: 'ranks', units: ranked, tone: 'good' as const },
    { name: 'network rewards', units: rewards, tone: 'violet' as const },
    { name: 'judging', units: judging, tone: 'busy' as const },
    { name: 'compensation', units: waiting, tone: 'mute' as const },
  ]
  const other = Math.max(0, slots - proofs - invalid - declined - failed - silent)
  return (
    <>
      <Figures
        label="What it did and got"
        of={[
          { name: 'Earned', value: <Amount units={earned} digits={2} /> },
          { name: 'Seats', value: `${operator.active} / ${operator.seats}`, note: 'active now' },
          { name: 'Proofs', value: count(proofs), note: `${percent(proofs, slots)} of its slots` },
          { name: 'Missed', value: count(missed), note: `${count(silent)} reported silent` },
          { name: 'Slashed', value: <Amount units={operator.slashed} digits={2} />, note: `${operator.slashes} times` },
        ]}
      />
      <div className="grid">
        <section className="card">
          <h2>What it earned by</h2>
          <SplitBar
            label="Earnings"
            parts={earnings.map(({ name, units, tone }) => ({
              name,
              tone,
              size: inTokens(units),
              text: tokens(units, 2),
            }))}
          />
          <h2 style={{ marginTop: '1.5rem', marginBottom: '0.75rem' }}>How its slots ended</h2>
          <SplitBar
            label="Slots"
            parts={[
              { name: 'proved', size: proofs, tone: 'good', text: count(proofs) },
              { name: 'declined', size: declined, tone: 'mute', text: count(declined) },
              { name: 'failed', size: failed, tone: 'warn', text: count(failed) },
              { name: 'invalid', size: invalid, tone: 'bad', text: count(invalid) },
              { name: 'silent', size: silent, tone: 'violet', text: count(silent) },
              { name: 'open, or without a proof', size: other, tone: 'busy', text: count(other) },
            ]}
          />
        </section>
        <section className="card" aria-labelledby="times">
          <div className="head">
            <h2 id="times">How long its proofs take</h2>
            <span className="quiet small">all programs</span>
          </div>
          <Histogram of={operator.runTimes} whose="this operator" />
        </section>
      </div>
      <Seats seats={operator.seatList} />
      <WorkloadsOf
        filter={{ operator: operator.operator }}
        title="Workloads it works on"
        empty="It was drawn to prove none yet."
      />
    </>
  )
}

function Seats({ seats }: { readonly seats: Operator['seatList'] }): ReactNode {
  return (
    <section className="card">
      <h2>Seats</h2>
      <Scroller label="Seats">
        <table>
          <caption className="hidden">Seats</caption>
          <thead>
            <tr>
              <th scope="col">Seat</th>
              <th scope="col">State</th>
              <th scope="col" className="num wide">Class</th>
              <th scope="col" className="num">Bond</th>
              <th scope="col" className="num">Proofs</th>
              <th scope="col" className="num">Earned by ranks</th>
              <th scope="col" className="num wide">Slashes</th>
              <th scope="col" className="num wide">Since</th>
            </tr>
          </thead>
          <tbody>
            {seats.map((seat) => (
              <tr key={seat.seat}>
                <td>{seat.seat}</td>
                <td><span className={`tag ${STATES[seat.state] ?? ''}`}>{seat.state}</span></td>
                <td className="num wide">{seat.class}</td>
                <td className="num"><Amount units={seat.bond} digits={2} /></td>
                <td className="num">{count(seat.proofs)}</td>
                <td className="num"><Amount units={seat.earned} digits={2} /></td>
                <td className="num wide">{seat.slashes}</td>
                <td className="num wide"><Ago time={seat.since} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  ) // prettier-ignore
}

const STATES: Readonly<Record<string, string>> = {
  ...{ active: 'good', waiting: 'busy', staked: 'busy', evicted: 'warn', dropped: 'warn', slashed: 'bad' },
}
