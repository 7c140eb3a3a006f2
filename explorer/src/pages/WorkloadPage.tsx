import type { ReactNode } from 'react'
import { api } from '../api.js'
import { duration } from '../format.js'
import { Amount, CommandLine, Failure, Figures, Status, WholeId } from '../parts/small.js'
import { CancelCard } from '../story/CancelCard.js'
import { DrawStep } from '../story/DrawStep.js'
import { Events } from '../story/Events.js'
import { PayStep } from '../story/PayStep.js'
import { stepsOf, type Workload } from '../story/readStory.js'
import { RunStep } from '../story/RunStep.js'
import { StageTrack } from '../story/StageTrack.js'
import { SubmitStep } from '../story/SubmitStep.js'
import { VerifyStep } from '../story/VerifyStep.js'
import { Link, useTitle } from '../router.js'
import { useAnswer } from '../useAnswer.js'

/** The story of a workload, stage by stage. */
export function WorkloadPage({ workload }: { readonly workload: string }): ReactNode {
  useTitle(`Workload ${workload.slice(0, 10)}`)
  const asked = { workload: workload as `0x${string}` }
  const { answer, failure } = useAnswer(`workload ${workload}`, (signal) => api.getWorkload(asked, { signal }))
  if (answer === undefined) {
    return failure === undefined ? <p className="empty">Reading…</p> : <Failure failure={failure} isPage />
  }
  const { summary } = answer
  return (
    <>
      <div>
        <p className="crumb">
          <Link to="/workloads">Workloads</Link> /
        </p>
        <h1 className="title">
          Workload <span className="id">{workload.slice(0, 10)}</span>
          {summary !== null && <Status row={summary} />}
        </h1>
        <p className="quiet small">
          <WholeId id={workload} name="id" />
        </p>
      </div>
      <Head workload={answer} />
      <section className="card" aria-label="Stages at a glance">
        <StageTrack workload={answer} />
      </section>
      <CancelCard workload={answer} />
      {summary === null && <p className="card quiet">The index has not come to this workload yet.</p>}
      <ol className="steps">
        <SubmitStep workload={answer} />
        <DrawStep workload={answer} />
        <RunStep workload={answer} />
        <VerifyStep workload={answer} />
        <PayStep workload={answer} />
        <Retrieve workload={answer} />
        <Events story={answer.story} />
      </ol>
    </>
  )
}

function Head({ workload }: { readonly workload: Workload }): ReactNode {
  const { fee, redundancy, summary, story, ledger } = workload
  const proofs = stepsOf(story, 'Committed', 'Revealed', 'RevealedToCommittee')
  const drawn = stepsOf(story, 'Assigned')[0]?.time
  const first = proofs[0]?.time
  return (
    <Figures
      label="The workload at a glance"
      of={[
        { name: 'Fee', value: <Amount units={fee} /> },
        { name: 'Ranks paid', value: `${summary?.ranks ?? 0} / ${redundancy}` },
        first === undefined || drawn === undefined
          ? { name: 'First proof', value: '–' }
          : { name: 'First proof', value: duration(first - drawn), note: 'after the draw' },
        { name: 'Burned', value: ledger === null ? '–' : <Amount units={ledger.burned} /> },
      ]} // prettier-ignore
    />
  )
}

function Retrieve({ workload }: { readonly workload: Workload }): ReactNode {
  if (workload.status !== 'proven') return null
  return (
    <li className="card step">
      <header>
        <h2>
          <b>retrieve</b> The proof
        </h2>
      </header>
      <p>
        The best valid proof, checked against the chain:{' '}
        <a href={`/v1/workloads/${workload.workload}/proof`}>as JSON</a>, or{' '}
        <CommandLine line={`gevulot workload fetch ${workload.workload} --out ./proof`} />
      </p>
    </li>
  )
}
