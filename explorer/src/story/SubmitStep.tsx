import type { ReactNode } from 'react'
import { unpackTerms } from '../../../sdk/src/chain/terms.js'
import { duration, fromChain, plural } from '../format.js'
import { Account, Amount, Facts, ProgramId } from '../parts/small.js'
import { amountIn, stepsOf, textIn, type Workload } from './readStory.js'
import { StepCard } from './StepCard.js'

/** Who asked for what, and on which terms. */
export function SubmitStep({ workload }: { readonly workload: Workload }): ReactNode {
  const step = stepsOf(workload.story, 'Submitted')[0]
  if (step === undefined) return null
  const terms = unpackTerms(amountIn(step, 'terms'))
  const uri = textIn(step, 'inputsUri')
  return (
    <StepCard stage="submit" title="A proof is asked for" time={step.time}>
      <p>
        <Account id={workload.requester} /> offers <b><Amount units={workload.fee} /></b> for{' '}
        {plural(workload.redundancy, 'ranked proof')} of <ProgramId id={workload.program} />, within{' '}
        <b>{duration(workload.maxRunTime)}</b> of the draw. From now on nothing about the workload can change.
      </p>
      <Facts
        of={[
          ['Inputs', <code>{textIn(step, 'inputs')}</code>],
          ['Public inputs', <code>{textIn(step, 'publicInputs')}</code>],
          ['Inputs are at', uri === '' ? 'the stores that provers know' : <bdi>{fromChain(uri)}</bdi>],
          ['Open to all from', `${terms.rescue} % of the running time, where nobody has committed`],
          ['Class and rules', `class ${terms.class}, rules ${terms.rules}`],
        ]}
      />
    </StepCard>
  ) // prettier-ignore
}
