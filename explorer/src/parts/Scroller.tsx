import { useEffect, useRef, useState, type CSSProperties, type ReactNode } from 'react'

/** Holds a table that may be wider than its place. Only then it is a stop of the keyboard, whose arrows move it. */
export function Scroller(props: {
  /** What it holds. */
  readonly label: string
  readonly children: ReactNode
  readonly style?: CSSProperties
}): ReactNode {
  const { label, children, style } = props
  const place = useRef<HTMLDivElement>(null)
  const [isWide, setWide] = useState(false)
  useEffect(() => {
    const box = place.current
    if (box === null) return undefined
    const watch = new ResizeObserver(() => setWide(box.scrollWidth > box.clientWidth))
    watch.observe(box)
    if (box.firstElementChild !== null) watch.observe(box.firstElementChild)
    return () => watch.disconnect()
  }, [])
  const stop = isWide ? { role: 'region', tabIndex: 0, 'aria-label': label } : {}
  return (
    <div className="table" ref={place} style={style} {...stop}>
      {children}
    </div>
  )
}
