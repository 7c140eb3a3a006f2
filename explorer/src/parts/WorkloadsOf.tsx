import type { ReactNode } from 'react'
import { api } from '../api.js'
import { Pages } from './Pages.js'
import { WorkloadTable } from './WorkloadTable.js'

/** The workloads of a program, an operator or a requester. */
export function WorkloadsOf(props: {
  readonly filter: { readonly program: string } | { readonly operator: string } | { readonly requester: string }
  readonly title: string
  readonly empty: string
}): ReactNode {
  const { filter, title, empty } = props
  return (
    <section className="card">
      <h2>{title}</h2>
      <Pages
        question={JSON.stringify(filter)}
        empty={empty}
        ask={async (cursor, signal) => {
          const page = { limit: 15, ...(cursor !== undefined && { cursor }) }
          const { workloads, next } = await api.listWorkloads({ ...filter, ...page }, signal && { signal })
          return { rows: workloads, next }
        }}
        show={(rows) => <WorkloadTable rows={rows} caption={title} withoutProgram={'program' in filter} />}
      />
    </section>
  )
}
