import type { ReactNode } from 'react'
import type { WorkloadRow } from '../answers.js'
import { useNow } from '../clock.js'
import { duration } from '../format.js'
import { Ago, Amount, ProgramId, Status, WorkloadId } from './small.js'
import { Scroller } from './Scroller.js'

/** Workloads, one a row. */
export function WorkloadTable(props: {
  readonly rows: readonly WorkloadRow[]
  readonly caption: string
  /** Leaves out the program where all have the same. */
  readonly withoutProgram?: boolean
}): ReactNode {
  const { rows, caption, withoutProgram = false } = props
  const now = useNow()
  return (
    <Scroller label={caption}>
      <table>
        <caption className="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col">Status</th>
            <th scope="col" className="wide">
              Stages
            </th>
            {!withoutProgram && (
              <th scope="col" className="wide">
                Program
              </th>
            )}
            <th scope="col" className="num wide">
              Ranks
            </th>
            <th scope="col" className="num wide">
              Fee
            </th>
            <th scope="col" className="num wide">
              Took
            </th>
            <th scope="col" className="num">
              Submitted
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.workload}>
              <td>
                <WorkloadId id={row.workload} />
              </td>
              <td>
                <Status row={row} />
              </td>
              <td className="wide">
                <TinyTrack row={row} />
              </td>
              {!withoutProgram && (
                <td className="wide">
                  <ProgramId id={row.program} />
                </td>
              )}
              <td className="num wide">
                {row.ranks}
                <span className="unit"> / {row.redundancy}</span>
              </td>
              <td className="num wide">
                <Amount units={row.fee} digits={2} />
              </td>
              <td className="num wide">{duration((row.finishedAt ?? now) - row.submittedAt)}</td>
              <td className="num">
                <Ago time={row.submittedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  )
}

/** How far a workload is: submitted, drawn, committed, closed, ended. */
function TinyTrack({ row }: { readonly row: WorkloadRow }): ReactNode {
  const { assignedAt, commits, closedAt, finishedAt, status } = row
  const isProven = status === 'proven'
  const reached = [
    true,
    assignedAt !== null,
    commits > 0 || isProven,
    closedAt !== null || status === 'revealing' || isProven,
  ]
  const at = reached.lastIndexOf(true) + 1
  const classes: string[] = reached.map((done, index) =>
    done ? 'done' : index === at && finishedAt === null ? 'now' : '',
  )
  classes.push(finishedAt === null ? (at === 4 ? 'now' : '') : isProven ? 'done' : status === 'expired' ? 'stop' : '')
  return (
    <span className="tiny" aria-hidden="true">
      {classes.map((name, index) => (
        <i key={index} className={name} />
      ))}
    </span>
  )
}
