import type { ReactNode } from 'react'
import type { AnswerOf } from '../answers.js'
import { api } from '../api.js'
import { count, inTokens, percent } from '../format.js'
import { Pages } from '../parts/Pages.js'
import { Account, Amount } from '../parts/small.js'
import { useTitle } from '../router.js'
import { Scroller } from '../parts/Scroller.js'

type Row = AnswerOf<'listOperators'>['operators'][number]

/** The operators, those that earned most first. */
export function Operators(): ReactNode {
  useTitle('Operators')
  return (
    <>
      <div>
        <h1>Operators</h1>
        <p className="quiet">
          Operators stake seats, one a machine. Every seat of a class is drawn with the same chance.
        </p>
      </div>
      <section className="card">
        <Pages
          question="operators"
          empty="Nobody has staked yet."
          ask={async (cursor, signal) => {
            const { operators, next } = await api.listOperators(
              cursor === undefined ? {} : { cursor },
              signal && { signal },
            )
            return { rows: operators, next }
          }}
          show={(rows) => <Table rows={rows} />}
        />
      </section>
    </>
  )
}

function Table({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const most = Math.max(...rows.map(({ earned }) => inTokens(earned)), 1e-9)
  return (
    <Scroller label="Operators, those that earned most first">
      <table>
        <caption className="hidden">Operators, those that earned most first</caption>
        <thead>
          <tr>
            <th scope="col" className="num">#</th>
            <th scope="col">Operator</th>
            <th scope="col" className="num">Earned</th>
            <th scope="col" className="wide" aria-hidden="true" />
            <th scope="col" className="num wide">Network rewards</th>
            <th scope="col" className="num">Proofs</th>
            <th scope="col" className="num wide">Of its slots</th>
            <th scope="col" className="num wide">Missed</th>
            <th scope="col" className="num wide">Slashed</th>
            <th scope="col" className="num">Seats</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.operator}>
              <td className="num quiet">{index + 1}</td>
              <td><Account id={row.operator} /></td>
              <td className="num"><Amount units={row.earned} digits={2} /></td>
              <td className="wide" aria-hidden="true">
                <svg width="90" height="8"><rect className="fill-good" rx="4" height="8" width={(90 * inTokens(row.earned)) / most} /></svg>
              </td>
              <td className="num wide"><Amount units={row.rewards} digits={2} /></td>
              <td className="num">{count(row.proofs)}</td>
              <td className="num wide">{percent(row.proofs, row.slots)}</td>
              <td className="num wide">{count(row.missed + row.silent)}</td>
              <td className="num wide">{row.slashed === '0' ? '–' : <Amount units={row.slashed} digits={2} />}</td>
              <td className="num">{row.active}<span className="unit"> / {row.seats}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  ) // prettier-ignore
}
