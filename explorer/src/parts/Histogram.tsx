import type { ReactNode } from 'react'
import type { RunTimes } from '../answers.js'
import { count, duration, plural } from '../format.js'

/** How long proofs took, as bars, with the median and the time that nine of ten keep. */
export function Histogram({ of, whose }: { readonly of: RunTimes; readonly whose: string }): ReactNode {
  const { bars, count: all, p50, p90, most } = of
  const [first, last] = [bars[0], bars.at(-1)]
  if (p50 === null || p90 === null || most === null || first === undefined || last === undefined) {
    return <p className="empty">No proof of {whose} yet.</p>
  }
  const highest = Math.max(...bars.map((bar) => bar.count))
  const span = last.to - first.from
  const label = `Run times of ${whose}: median ${duration(p50)}, nine of ten within ${duration(p90)}, ${plural(all, 'proof')}`
  return (
    <figure className="plot">
      <div className="scale" />
      <div className="drawing">
        <svg className="chart" viewBox={`0 0 ${span} 100`} preserveAspectRatio="none" role="img" aria-label={label}>
          {bars.map((bar) => {
            const [width, height] = [bar.to - bar.from, (98 * bar.count) / highest]
            return (
              <rect
                key={bar.from}
                className="fill-good"
                x={bar.from - first.from + width * 0.04}
                width={width * 0.92}
                y={100 - height}
                height={height}
              >
                <title>{`${duration(bar.from)} to ${duration(bar.to)}: ${count(bar.count)}`}</title>
              </rect>
            )
          })}
        </svg>
        <Mark name="median" seconds={p50} place={(p50 + 0.5 - first.from) / span} />
        {p90 - p50 > span * 0.2 && <Mark name="90 %" seconds={p90} place={(p90 + 0.5 - first.from) / span} />}
      </div>
      <div className="scale">
        <span>{duration(first.from)}</span>
        <span>{duration(last.to)}</span>
      </div>
    </figure>
  )
}

function Mark(props: { readonly name: string; readonly seconds: number; readonly place: number }): ReactNode {
  const { name, seconds, place } = props
  const side = place > 0.8 ? 'right' : place < 0.2 ? 'left' : ''
  return (
    <div className={`mark ${side}`} style={{ left: `${100 * place}%` }} aria-hidden="true">
      <span>
        {name} {duration(seconds)}
      </span>
    </div>
  )
}
