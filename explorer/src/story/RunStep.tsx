import type { ReactNode } from 'react'
import { useNow } from '../clock.js'
import { duration, words } from '../format.js'
import { Account } from '../parts/small.js'
import { lanesOf, stepsOf, type Lane, type Workload } from './readStory.js'
import { StepCard } from './StepCard.js'

/** What every seat did, on one scale of time. */
export function RunStep({ workload }: { readonly workload: Workload }): ReactNode {
  const now = useNow()
  const { story, summary } = workload
  const start = stepsOf(story, 'Assigned')[0]?.time
  if (start === undefined || summary === null) return null
  const lanes = lanesOf(workload)
  // Reveals come after the time for commits; and the chain's clock may be ahead of this one.
  const end =
    summary.finishedAt ?? Math.max(Math.min(now, start + workload.maxRunTime), ...lanes.map((lane) => lane.lastAt))
  const span = Math.max(1, end - start)
  const commits = lanes.filter(({ committedAt, revealedAt }) => committedAt !== null || revealedAt !== null)
  const isOpen = summary.finishedAt === null
  return (
    <StepCard stage="run" title={`Provers work${isOpen ? '' : 'ed'}`} time={commits[0]?.committedAt ?? undefined}>
      <p>
        {!isOpen
          ? `From the draw to the end: ${duration(span)}, of at most ${duration(workload.maxRunTime)} for the proof.`
          : summary.status === 'proving'
            ? `${duration(Math.max(0, start + workload.maxRunTime - now))} are left to commit.`
            : 'The time for commits is over.'}
      </p>
      <div className="lanes">
        {lanes.map((lane) => (
          <LaneRow key={lane.seat} lane={lane} start={start} span={span} end={end} isOpen={isOpen} />
        ))}
        {lanes.length === 0 && <p className="quiet">No seat took a slot.</p>}
      </div>
      <ul className="legend" aria-hidden="true">
        <li>
          <i className="wait" /> drawn, no answer yet
        </li>
        <li>
          <i className="fill-good" /> work up to the commit
        </li>
        <li>
          <i className="fill-violet" /> reveal
        </li>
        {lanes.some(isBad) && (
          <li>
            <i className="fill-bad" /> failed, or an invalid proof
          </li>
        )}
      </ul>
    </StepCard>
  )
}

const isBad = (lane: Lane): boolean => lane.failed !== null || lane.valid === false

function LaneRow(props: {
  readonly lane: Lane
  readonly start: number
  readonly span: number
  readonly end: number
  readonly isOpen: boolean
}): ReactNode {
  const { lane, start, span, end, isOpen } = props
  const done = lane.committedAt ?? lane.revealedAt
  const gaveUp = lane.declinedAt ?? (lane.failed === null ? null : lane.lastAt)
  const stopped = done ?? gaveUp ?? (isOpen ? end : lane.acceptedAt === null ? null : end)
  const begun = lane.acceptedAt ?? (done === null ? null : (lane.drawnAt ?? start))
  const place = (from: number, to: number): { left: string; width: string } => ({
    left: `${(100 * (from - start)) / span}%`,
    width: `${(100 * Math.max(0, to - from)) / span}%`,
  })
  const tone = isBad(lane) ? 'bad' : done !== null ? 'good' : 'busy'
  return (
    <div className="lane">
      <div className="who">
        Seat {lane.seat} <Account id={lane.operator} />
        <div className="what">{saying(lane, start)}</div>
      </div>
      <div className="bar-area" aria-hidden="true">
        {lane.drawnAt !== null && <i className="wait" style={place(lane.drawnAt, begun ?? gaveUp ?? end)} />}
        {begun !== null && stopped !== null && <i className={`fill-${tone}`} style={place(begun, stopped)} />}
        {lane.revealedAt !== null && lane.committedAt !== null && (
          <i
            className="fill-violet"
            style={{ left: `min(${place(start, lane.revealedAt).width}, 100% - 4px)`, width: '4px' }}
          />
        )}
      </div>
    </div>
  )
}

function saying(lane: Lane, start: number): string {
  const said: string[] = []
  if (lane.slot === null) said.push('took an open slot')
  if (lane.declinedAt !== null) said.push('declined')
  if (lane.failed !== null) said.push(`failed: ${words(lane.failed)}`)
  if (lane.committedAt !== null) said.push(`committed after ${duration(lane.committedAt - start)}`)
  else if (lane.revealedAt !== null) said.push(`proved after ${duration(lane.revealedAt - start)}`)
  else if (lane.acceptedAt !== null) said.push('accepted')
  if (lane.valid === true) said.push('valid')
  if (lane.valid === false) said.push('invalid')
  if (lane.rank > 0) said.push(`rank ${lane.rank}`)
  if (lane.silent) said.push('silent')
  if (lane.missed) said.push('missed')
  return said.length === 0 ? 'no answer yet' : said.join(', ')
}
