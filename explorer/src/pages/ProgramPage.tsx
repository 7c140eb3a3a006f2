import type { ReactNode } from 'react'
import type { AnswerOf } from '../answers.js'
import { api } from '../api.js'
import { count, duration, fromChain, percent, words } from '../format.js'
import { Histogram } from '../parts/Histogram.js'
import { Account, Ago, Amount, Facts, Failure, Figures, WholeId } from '../parts/small.js'
import { SplitBar, type Part } from '../parts/SplitBar.js'
import { WorkloadsOf } from '../parts/WorkloadsOf.js'
import { Link, useTitle } from '../router.js'
import { useAnswer } from '../useAnswer.js'

type Program = AnswerOf<'getProgram'>
type History = NonNullable<Program['history']>

/** A program: what is pinned, what became of its workloads, and how long they take. */
export function ProgramPage({ program }: { readonly program: string }): ReactNode {
  useTitle(`Program ${program.slice(0, 10)}`)
  const asked = { program: program as `0x${string}` }
  const { answer, failure } = useAnswer(`program ${program}`, (signal) => api.getProgram(asked, { signal }))
  if (answer === undefined) {
    return failure === undefined ? <p className="empty">Reading…</p> : <Failure failure={failure} isPage />
  }
  const { history } = answer
  return (
    <>
      <div>
        <p className="crumb">
          <Link to="/programs">Programs</Link> /
        </p>
        <h1 className="title">
          Program <span className="id">{program.slice(0, 10)}</span>
        </h1>
        <Link to={`/submit?program=${program}`} className="button">
          Ask for a proof
        </Link>
      </div>
      {history !== null && <Outcome history={history} />}
      <div className="grid">
        {history !== null && (
          <section className="card" aria-labelledby="times">
            <div className="head">
              <h2 id="times">How long a proof takes</h2>
              <span className="quiet small">from the draw to the commit</span>
            </div>
            <Histogram of={history.runTimes} whose="this program" />
            <Advice history={history} />
          </section>
        )}
        <section className="card" aria-labelledby="pinned">
          <h2 id="pinned">What is pinned</h2>
          <Pinned program={answer} />
        </section>
      </div>
      <WorkloadsOf filter={{ program }} title="Workloads" empty="Nobody has asked for a proof of it yet." />
    </>
  )
}

function Outcome({ history }: { readonly history: History }): ReactNode {
  const { workloads, open, proven, expired, cancelled, fees, runTimes, outcomes } = history
  const parts = outcomes.map(({ outcome, count: size }): Part => ({
    ...{ name: words(outcome), size, text: count(size) },
    tone: TONES[outcome] ?? 'bad',
  }))
  return (
    <>
      <Figures
        label="This program's workloads"
        of={[
          { name: 'Workloads', value: count(workloads), note: `${count(open)} open now` },
          { name: 'Proven', value: percent(proven, proven + expired), note: `${count(cancelled)} cancelled` },
          { name: 'Median', value: runTimes.p50 === null ? '–' : duration(runTimes.p50) },
          { name: 'Nine of ten', value: runTimes.p90 === null ? '–' : duration(runTimes.p90) },
          { name: 'Fees', value: <Amount units={fees} digits={2} /> },
        ]}
      />
      {parts.length > 0 && (
        <section className="card">
          <h2>How its workloads ended</h2>
          <SplitBar parts={parts} label="Outcomes" />
        </section>
      )}
    </>
  )
}

const TONES: Readonly<Record<string, Part['tone']>> = {
  Proven: 'good',
  Cancelled: 'mute',
  Unserved: 'warn',
  TimedOut: 'violet',
  NotRevealed: 'busy',
}

/** Twice what nine of ten took leaves room for slower machines. */
const ROOM = 2

function Advice({ history: { runTimes } }: { readonly history: History }): ReactNode {
  if (runTimes.p90 === null || runTimes.count < 3) return null
  return (
    <p className="quiet small">
      A maximum running time of <b>{duration(Math.max(10, runTimes.p90 * ROOM))}</b> leaves twice what nine of ten
      proofs took.
    </p>
  )
}

function Pinned({ program }: { readonly program: Program }): ReactNode {
  const { history } = program
  const verifier = program.judged ? (
    <>a committee runs <code>{program.verifierProgram}</code></>
  ) : (
    <>the contract <Account id={program.verifier} />, with at most {count(program.verifierGas)} gas</>
  ) // prettier-ignore
  return (
    <Facts
      of={[
        ['Program', <WholeId id={program.program} name="id" />],
        ['Prover', <code>{program.prover}</code>],
        ['Verified by', verifier],
        ['Class', String(program.class)],
        ['Proof binds its prover', program.bindsProver ? 'yes: it can be sent at once' : 'no: provers commit first'],
        // A text of the chain is shown, never followed.
        ['Address of the package', program.uri === '' ? 'none' : <bdi>{fromChain(program.uri)}</bdi>],
        ...(history === null
          ? []
          : ([
              ['Deployed by', <Account id={history.deployer} />],
              ['Deployed', <Ago time={history.deployedAt} />],
            ] as const)),
      ]}
    />
  )
}
