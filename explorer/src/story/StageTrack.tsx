import type { ReactNode } from 'react'
import { duration, words } from '../format.js'
import { numberIn, stepsOf, type Workload } from './readStory.js'

/** The stages of a workload, with how long after the one before each was reached. */
export function StageTrack({ workload }: { readonly workload: Workload }): ReactNode {
  const { story, summary } = workload
  const first = (...names: string[]): number | undefined => stepsOf(story, ...names)[0]?.time
  const ranked = stepsOf(story, 'SlotSettled').find((step) => numberIn(step, 'rank') > 0)?.time
  const proofs = first('Revealed', 'RevealedToCommittee')
  const stages = [
    { name: 'submit', at: first('Submitted') },
    { name: 'assign', at: first('Assigned') },
    { name: 'run', at: first('Accepted') ?? first('Committed', 'Revealed') ?? undefined },
    // A lone proof is commit and reveal at once.
    { name: 'commit', at: first('Committed') ?? proofs },
    { name: 'reveal', at: proofs },
    { name: 'verify', at: first('Judged', 'VerdictReached') ?? first('Revealed') },
    { name: 'rank', at: ranked },
    { name: 'pay', at: summary?.status === 'proven' ? first('Finished') : undefined },
  ]
  const end = first('Finished')
  const last = stages.findLastIndex(({ at }) => at !== undefined)
  let before = stages[0]?.at
  return (
    <ol className="track" aria-label="Stages">
      {stages.map(({ name, at }, index) => {
        const passed = at !== undefined && before !== undefined && index > 0 ? duration(at - before) : ''
        before = at ?? before
        const isNext = index === last + 1
        const state = index <= last ? 'done' : !isNext ? '' : end === undefined ? 'now' : 'stop'
        const said = { done: passed === '' ? '' : `+${passed}`, now: 'now', stop: words(summary?.outcome ?? 'ended') }
        return (
          <li key={name} className={state} aria-current={state === 'now' ? 'step' : undefined}>
            {name}
            <small>{state === '' ? '' : said[state]}</small>
          </li>
        )
      })}
    </ol>
  )
}
