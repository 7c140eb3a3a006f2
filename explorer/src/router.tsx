import { useEffect, useSyncExternalStore, type MouseEvent, type ReactNode } from 'react'

const listeners = new Set<() => void>()

function changed(): void {
  for (const listener of listeners) listener()
}

window.addEventListener('popstate', changed)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Where the page is: path and query. */
export function useLocation(): { readonly path: string; readonly query: URLSearchParams } {
  const href = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search)
  const [path = '/', query = ''] = href.split('?', 2)
  return { path, query: new URLSearchParams(query) }
}

/** Goes to another place of this page. */
export function go(to: string): void {
  window.history.pushState(null, '', to)
  window.scrollTo(0, 0)
  changed()
  // A screen reader reads what is new; a keyboard goes on from there.
  document.getElementById('content')?.focus({ preventScroll: true })
}

/** A link to another place of this page. With a modifier key it is a link like any other. */
export function Link(props: {
  readonly to: string
  readonly children: ReactNode
  readonly className?: string | undefined
  readonly current?: boolean
  readonly label?: string | undefined
}): ReactNode {
  const { to, children, className, current, label } = props
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return
    event.preventDefault()
    go(to)
  }
  return (
    <a href={to} className={className} onClick={follow} aria-current={current ? 'page' : undefined} aria-label={label}>
      {children}
    </a>
  )
}

/** Names the page in the tab and the history. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Gevulot' : `${title} · Gevulot`
  }, [title])
}
