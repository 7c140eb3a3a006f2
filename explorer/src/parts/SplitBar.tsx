import type { ReactNode } from 'react'

/** A part of a whole. */
export interface Part {
  readonly name: string
  readonly size: number
  readonly tone: 'good' | 'busy' | 'warn' | 'bad' | 'mute' | 'violet'
  /** Its size for readers. */
  readonly text: ReactNode
  /** Of several with one colour: how strong it is, 0 to 1. */
  readonly strength?: number
}

/** How a whole divides into parts; the legend says the same in words. */
export function SplitBar({ parts, label }: { readonly parts: readonly Part[]; readonly label: string }): ReactNode {
  const shown = parts.filter(({ size }) => size > 0)
  const whole = shown.reduce((sum, { size }) => sum + size, 0)
  return (
    <div>
      <div className="split" aria-hidden="true">
        {shown.map(({ name, size, tone, strength }) => (
          <i
            key={name}
            className={`fill-${tone}`}
            style={{ flexGrow: (1_000 * size) / whole, opacity: strength ?? 1 }}
          />
        ))}
      </div>
      <ul className="legend" aria-label={label}>
        {shown.map(({ name, tone, text, strength }) => (
          <li key={name}>
            <i className={`fill-${tone}`} style={{ opacity: strength ?? 1 }} aria-hidden="true" />
            {name} <b>{text}</b>
          </li>
        ))}
      </ul>
    </div>
  )
}
