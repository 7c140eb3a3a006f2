import type { ReactNode } from 'react'
import type { Span } from '../answers.js'
import { api } from '../api.js'
import { duration, inTokens, percent } from '../format.js'
import { Amount, Failure, Figures } from '../parts/small.js'
import { TimeBars } from '../parts/TimeBars.js'
import { Link, useLocation, useTitle } from '../router.js'
import { useAnswer } from '../useAnswer.js'

const SPANS = 48
const WIDTHS = [1, 6, 36, 144] as const

/** Where the network's money comes from and goes to, and into how many hands. */
export function Economics(): ReactNode {
  useTitle('Economics')
  const { query } = useLocation()
  const per = WIDTHS.find((width) => String(width) === query.get('per')) ?? 1
  const asked = useAnswer(`epochs ${per}`, (signal) => api.listEpochs({ last: SPANS, per }, { signal }))
  const network = useAnswer('network', (signal) => api.getNetwork({}, { signal }))
  const failure = asked.failure ?? network.failure
  const totals = network.answer?.totals
  return (
    <>
      <div>
        <h1>Economics</h1>
        <p className="quiet">
          A fee is paid to ranks, refunded or burned, once. Burned tokens are gone: there is no mint.
        </p>
      </div>
      {failure !== undefined && <Failure failure={failure} />}
      {totals !== undefined && (
        <Figures
          label="Since the beginning"
          of={[
            { name: 'Fees', value: <Amount units={totals.fees} digits={2} /> },
            { name: 'Paid to provers', value: <Amount units={totals.paid} digits={2} />, note: <Of part={totals.paid} whole={totals.fees} /> },
            { name: 'Burned', value: <Amount units={totals.burned} digits={2} />, note: <Of part={totals.burned} whole={totals.fees} /> },
            { name: 'Network rewards', value: <Amount units={totals.rewards} digits={2} />, note: 'claimed from the pool' },
            { name: 'Slashed', value: <Amount units={totals.slashed} digits={2} />, note: 'out of bonds' },
          ]} // prettier-ignore
        />
      )}
      {asked.answer !== undefined && (
        <>
          <nav className="chips" aria-label="Length of a bar">
            {WIDTHS.map((width) => (
              <Link key={width} to={`/economics?per=${width}`} current={width === per}>
                {duration(width * (asked.answer?.epochLength ?? 0))}
              </Link>
            ))}
          </nav>
          <Charts spans={asked.answer.spans} />
        </>
      )}
    </>
  )
}

function Of({ part, whole }: { readonly part: string; readonly whole: string }): ReactNode {
  return <>{percent(inTokens(part), inTokens(whole))} of fees</>
}

function Charts({ spans }: { readonly spans: readonly Span[] }): ReactNode {
  const gvlt = (size: number): string => `${size >= 100 ? Math.round(size) : Number(size.toPrecision(3))} GVLT`
  const working = spans.filter(({ earners }) => earners > 0)
  const newest = working.at(-1)
  return (
    <div className="grid">
      <section className="card">
        <h2>Where fees went</h2>
        <TimeBars
          label="Fees paid, refunded and burned over time"
          format={gvlt}
          bars={spans.map(({ from, paid, refunded, burned }) => ({
            from,
            parts: [
              { name: 'paid', size: inTokens(paid), tone: 'good' },
              { name: 'refunded', size: inTokens(refunded), tone: 'mute' },
              { name: 'burned', size: inTokens(burned), tone: 'warn' },
            ],
          }))}
        />
      </section>
      <section className="card">
        <h2>Network rewards and slashes</h2>
        <TimeBars
          label="Rewards claimed and bonds slashed over time"
          format={gvlt}
          bars={spans.map(({ from, rewards, slashed }) => ({
            from,
            parts: [
              { name: 'rewards', size: inTokens(rewards), tone: 'busy' },
              { name: 'slashed', size: inTokens(slashed), tone: 'bad' },
            ],
          }))}
        />
      </section>
      <section className="card">
        <h2>Into how many hands</h2>
        <p className="quiet small">
          Bars: operators that earned. Line: the share of the one that earned most.
          {newest !== undefined && (
            <>
              {' '}
              Last: as concentrated as <b>{newest.evenAs.toFixed(1)}</b> equal operators of {newest.earners}.
            </>
          )}
        </p>
        <TimeBars
          label="Operators that earned, and the largest share"
          format={String}
          line="largest share"
          bars={spans.map(({ from, earners, topShare }) => ({
            ...{ from, line: earners > 0 ? topShare : undefined },
            parts: [{ name: 'operators that earned', size: earners, tone: 'good' }],
          }))}
        />
      </section>
      <section className="card">
        <h2>Asked for</h2>
        <TimeBars
          label="Workloads submitted over time"
          format={String}
          bars={spans.map(({ from, submitted }) => ({
            from,
            parts: [{ name: 'submitted', size: submitted, tone: 'busy' }],
          }))}
        />
      </section>
    </div>
  )
}
