import type { ReactNode } from 'react'
import type { AnswerOf } from '../answers.js'
import { api } from '../api.js'
import { count, duration, fromChain, percent } from '../format.js'
import { Pages } from '../parts/Pages.js'
import { Account, Ago, Amount, ProgramId } from '../parts/small.js'
import { useTitle } from '../router.js'
import { Scroller } from '../parts/Scroller.js'

type Row = AnswerOf<'listPrograms'>['programs'][number]

/** All programs, newest first, with what became of their workloads. */
export function Programs(): ReactNode {
  useTitle('Programs')
  return (
    <>
      <div>
        <h1>Programs</h1>
        <p className="quiet">An immutable pair: what proves, and what verifies.</p>
      </div>
      <section className="card">
        <Pages
          question="programs"
          empty="Nobody has deployed a program yet."
          ask={async (cursor, signal) => {
            const { programs, next } = await api.listPrograms(
              cursor === undefined ? {} : { cursor },
              signal && { signal },
            )
            return { rows: programs, next }
          }}
          show={(rows) => <Table rows={rows} />}
        />
      </section>
    </>
  )
}

function Table({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  return (
    <Scroller label="Programs, newest first">
      <table>
        <caption className="hidden">Programs, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Program</th>
            <th scope="col" className="wide">Address</th>
            <th scope="col" className="wide">Deployer</th>
            <th scope="col" className="wide">Verified by</th>
            <th scope="col" className="num">Workloads</th>
            <th scope="col" className="num">Proven</th>
            <th scope="col" className="num">Median</th>
            <th scope="col" className="num wide">Fees</th>
            <th scope="col" className="num wide">Deployed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.program}>
              <td><ProgramId id={row.program} /></td>
              <td className="wide quiet small"><bdi>{fromChain(row.uri, 32) || '–'}</bdi></td>
              <td className="wide"><Account id={row.deployer} /></td>
              <td className="wide">{row.judged ? 'a committee' : 'a contract'}</td>
              <td className="num">{count(row.workloads)}</td>
              <td className="num">{percent(row.proven, row.proven + row.expired)}</td>
              <td className="num">{row.runTime === null ? '–' : duration(row.runTime)}</td>
              <td className="num wide"><Amount units={row.fees} digits={2} /></td>
              <td className="num wide"><Ago time={row.deployedAt} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  ) // prettier-ignore
}
