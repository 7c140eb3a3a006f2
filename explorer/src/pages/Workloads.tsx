import type { ReactNode } from 'react'
import { api } from '../api.js'
import { Pages } from '../parts/Pages.js'
import { WorkloadTable } from '../parts/WorkloadTable.js'
import { Link, useLocation, useTitle } from '../router.js'

const STATUSES = ['pending', 'proving', 'revealing', 'proven', 'expired', 'cancelled'] as const

/** All workloads, newest first. */
export function Workloads(): ReactNode {
  useTitle('Workloads')
  const { query } = useLocation()
  const status = STATUSES.find((one) => one === query.get('status'))
  return (
    <>
      <h1>Workloads</h1>
      <nav className="chips" aria-label="By status">
        <Link to="/workloads" current={status === undefined}>
          all
        </Link>
        {STATUSES.map((one) => (
          <Link key={one} to={`/workloads?status=${one}`} current={one === status}>
            {one}
          </Link>
        ))}
      </nav>
      <section className="card">
        <Pages
          question={`workloads ${status ?? ''}`}
          empty={status === undefined ? 'Nobody has asked for a proof yet.' : `No workload is ${status}.`}
          ask={async (cursor, signal) => {
            const filter = { ...(status && { status }), ...(cursor !== undefined && { cursor }) }
            const { workloads, next } = await api.listWorkloads(filter, signal && { signal })
            return { rows: workloads, next }
          }}
          show={(rows) => <WorkloadTable rows={rows} caption="Workloads, newest first" />}
        />
      </section>
    </>
  )
}
