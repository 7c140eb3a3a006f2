import type { ReactNode } from 'react'
import { Layout } from './parts/Layout.js'
import { AccountPage } from './pages/AccountPage.js'
import { Economics } from './pages/Economics.js'
import { NotFound } from './pages/NotFound.js'
import { Operators } from './pages/Operators.js'
import { Overview } from './pages/Overview.js'
import { ProgramPage } from './pages/ProgramPage.js'
import { Programs } from './pages/Programs.js'
import { WorkloadPage } from './pages/WorkloadPage.js'
import { Workloads } from './pages/Workloads.js'
import { SubmitPage } from './pages/SubmitPage.js'
import { useLocation } from './router.js'

const ID = '(0x[0-9a-f]{64})'
const ROUTES: readonly (readonly [RegExp, (part: string) => ReactNode])[] = [
  [/^\/$/, () => <Overview />],
  [/^\/workloads$/, () => <Workloads />],
  [new RegExp(`^/workloads/${ID}$`), (workload) => <WorkloadPage workload={workload} />],
  [/^\/submit$/, () => <SubmitPage />],
  [/^\/programs$/, () => <Programs />],
  [new RegExp(`^/programs/${ID}$`), (program) => <ProgramPage program={program} />],
  [/^\/provers$/, () => <Operators />],
  [/^\/accounts\/(0x[0-9a-fA-F]{40})$/, (account) => <AccountPage account={account} />],
  [/^\/economics$/, () => <Economics />],
]

/** The whole page: what stands at a path, in its frame. */
export function App(): ReactNode {
  const { path } = useLocation()
  for (const [pattern, show] of ROUTES) {
    const match = pattern.exec(path)
    if (match !== null) return <Layout path={path}>{show(match[1] ?? '')}</Layout>
  }
  return (
    <Layout path={path}>
      <NotFound />
    </Layout>
  )
}
