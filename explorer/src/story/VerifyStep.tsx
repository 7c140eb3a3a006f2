import type { ReactNode } from 'react'
import { verdictOn } from '../../../sdk/src/chain/verdictOn.js'
import { plural } from '../format.js'
import { Ago } from '../parts/small.js'
import { lanesOf, numberIn, stepsOf, textIn, type Workload } from './readStory.js'
import { StepCard } from './StepCard.js'
import { Scroller } from '../parts/Scroller.js'

/** What the verifier, or a committee, said of the proofs. */
export function VerifyStep({ workload }: { readonly workload: Workload }): ReactNode {
  const { story } = workload
  const reveals = stepsOf(story, 'Revealed', 'RevealedToCommittee')
  const [first] = reveals
  if (first === undefined) return null
  const isJudged = first.name === 'RevealedToCommittee'
  const isOver = stepsOf(story, 'Finished').length > 0
  const operators = new Map(lanesOf(workload).map(({ seat, operator }) => [seat, operator]))
  return (
    <StepCard stage="verify" title={isJudged ? 'A committee judges' : 'The verifier decides'} time={first.time}>
      <p>
        {isJudged
          ? 'Validators drawn after the reveals run the verifier program and sign what it says.'
          : 'The contract pinned by the program checked each proof in the transaction that revealed it.'}
      </p>
      {isJudged && <Judging workload={workload} />}
      <Scroller label="Proofs">
        <table>
          <caption className="hidden">Proofs</caption>
          <thead>
            <tr>
              <th scope="col">Seat</th>
              <th scope="col">Proof, by sha-256</th>
              <th scope="col">Verdict</th>
              <th scope="col" className="num wide">Revealed</th>
            </tr>
          </thead>
          <tbody>
            {reveals.map((step) => (
              <tr key={`${step.transaction} ${numberIn(step, 'seat')}`}>
                <td title={operators.get(numberIn(step, 'seat'))}>{numberIn(step, 'seat')}</td>
                <td><code>{textIn(step, 'proofDigest').slice(0, 22)}…</code></td>
                <td><Verdict of={verdictOn(step, story)} isOver={isOver} /></td>
                <td className="num wide"><Ago time={step.time} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </StepCard>
  ) // prettier-ignore
}

function Verdict({ of, isOver }: { readonly of: boolean | undefined; readonly isOver: boolean }): ReactNode {
  if (of === undefined) return <span className="tag busy">{isOver ? 'not judged' : 'being judged'}</span>
  return <span className={`tag ${of ? 'good' : 'bad'}`}>{of ? 'valid' : 'invalid'}</span>
}

function Judging({ workload: { story } }: { readonly workload: Workload }): ReactNode {
  return stepsOf(story, 'CommitteeDrawn').map((step) => {
    const attempt = numberIn(step, 'attempt')
    const seats = Array.isArray(step.args['seats']) ? step.args['seats'] : []
    const votes = stepsOf(story, 'Voted').filter((vote) => numberIn(vote, 'attempt') === attempt)
    return (
      <p key={attempt} className="quiet small">
        {attempt === 4 ? 'Appeal' : `Committee ${attempt}`}: {plural(seats.length, 'seat')} ({seats.join(', ')}),{' '}
        {plural(votes.length, 'answer')}.
      </p>
    )
  })
}
