import type { ReactNode } from 'react'
import { utc } from '../format.js'
import type { Part } from './SplitBar.js'
import { Scroller } from './Scroller.js'

/** A bar in time, of stacked parts. */
export interface TimeBar {
  readonly from: number
  readonly parts: readonly Pick<Part, 'name' | 'size' | 'tone'>[]
  /** A value drawn as a line over the bars, 0 to 1. */
  readonly line?: number | undefined
}

/** Stacked bars in time, oldest left; the same as a table for who does not see them. */
export function TimeBars(props: {
  readonly bars: readonly TimeBar[]
  readonly label: string
  readonly format: (size: number) => string
  /** What the line is. */
  readonly line?: string
}): ReactNode {
  const { bars, label, format, line } = props
  const sum = ({ parts }: TimeBar): number => parts.reduce((total, { size }) => total + size, 0)
  const highest = Math.max(...bars.map(sum), 0)
  const names = [...new Map(bars.flatMap(({ parts }) => parts.map(({ name, tone }) => [name, tone] as const)))]
  const points = bars.flatMap(({ line: value }, index) =>
    value === undefined ? [] : [[index + 0.5, 100 - 98 * value]],
  )
  const [only = [], second] = points
  // One value is no line: then as wide as its bar.
  const [x = 0, y = 0] = only
  const drawn =
    second === undefined && points.length > 0
      ? [
          [x - 0.38, y],
          [x + 0.38, y],
        ]
      : points
  return (
    <figure className="plot">
      <div className="scale">
        <span>{highest > 0 ? format(highest) : 'nothing in this time'}</span>
        {line !== undefined && <span>100 %</span>}
      </div>
      <div className="drawing">
        <svg
          className="chart"
          viewBox={`0 0 ${Math.max(1, bars.length)} 100`}
          preserveAspectRatio="none"
          role="img"
          aria-label={label}
        >
          {bars.map((bar, index) => (
            <Stack key={bar.from} bar={bar} index={index} highest={highest} format={format} />
          ))}
          {drawn.length > 0 && <polyline className="line" points={drawn.join(' ')} />}
        </svg>
      </div>
      <div className="scale">
        <span>{utc(bars[0]?.from ?? 0).slice(5, 16)}</span>
        <span>{utc(bars.at(-1)?.from ?? 0).slice(5, 16)} UTC</span>
      </div>
      <ul className="legend" aria-hidden="true">
        {names.map(([name, tone]) => (
          <li key={name}>
            <i className={`fill-${tone}`} />
            {name}
          </li>
        ))}
        {line !== undefined && (
          <li>
            <i className="fill-violet" />
            {line}
          </li>
        )}
      </ul>
      <details>
        <summary>As a table</summary>
        <Scroller label={label}>
          <table>
            <caption className="hidden">{label}</caption>
            <thead>
              <tr>
                <th scope="col">From</th>
                {names.map(([name]) => (
                  <th scope="col" className="num" key={name}>
                    {name}
                  </th>
                ))}
                {line !== undefined && (
                  <th scope="col" className="num">
                    {line}
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {[...bars].reverse().map((bar) => (
                <tr key={bar.from}>
                  <td className="when">{utc(bar.from)}</td>
                  {names.map(([name]) => (
                    <td className="num" key={name}>
                      {format(bar.parts.find((part) => part.name === name)?.size ?? 0)}
                    </td>
                  ))}
                  {line !== undefined && <td className="num">{Math.round((bar.line ?? 0) * 100)} %</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      </details>
    </figure>
  )
}

function Stack(props: {
  readonly bar: TimeBar
  readonly index: number
  readonly highest: number
  readonly format: (size: number) => string
}): ReactNode {
  const { bar, index, highest, format } = props
  let below = 0
  return (
    <g>
      <title>{`${utc(bar.from)}: ${bar.parts.map(({ name, size }) => `${name} ${format(size)}`).join(', ')}`}</title>
      <rect x={index} width="1" y="0" height="100" fill="transparent" />
      {bar.parts.map(({ name, size, tone }) => {
        const height = highest === 0 ? 0 : (98 * size) / highest
        below += height
        return (
          <rect key={name} className={`fill-${tone}`} x={index + 0.12} width="0.76" y={100 - below} height={height} />
        )
      })}
    </g>
  )
}
