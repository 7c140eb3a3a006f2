import type { ReactNode } from 'react'
import { Ago } from '../parts/small.js'

/** One stage of the story. */
export function StepCard(props: {
  readonly stage: string
  readonly title: string
  readonly time?: number | undefined
  readonly children: ReactNode
}): ReactNode {
  const { stage, title, time, children } = props
  return (
    <li className="card step">
      <header>
        <h2>
          <b>{stage}</b> {title}
        </h2>
        {time !== undefined && (
          <span className="quiet small">
            <Ago time={time} />
          </span>
        )}
      </header>
      {children}
    </li>
  )
}
