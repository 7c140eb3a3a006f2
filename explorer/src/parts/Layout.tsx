import { useState, type ReactNode } from 'react'
import { api } from '../api.js'
import { ago } from '../format.js'
import { useNow } from '../clock.js'
import { useLive } from '../live.js'
import { Link } from '../router.js'
import { applyTheme, storedTheme, type Theme } from '../theme.js'
import { useAnswer } from '../useAnswer.js'
import { Search } from './Search.js'

const PLACES = [
  ['/', 'Overview'],
  ['/workloads', 'Workloads'],
  ['/programs', 'Programs'],
  ['/provers', 'Operators'],
  ['/economics', 'Economics'],
] as const

/** The frame of every page: places, search, and how fresh it all is. */
export function Layout({ path, children }: { readonly path: string; readonly children: ReactNode }): ReactNode {
  const { connected } = useLive()
  return (
    <>
      <a className="skip" href="#content">
        To the content
      </a>
      <header className="top">
        <div className="bar">
          <Link to="/" className="logo" label="Gevulot, overview">
            <Logo />
            Gevulot
          </Link>
          <nav className="nav" aria-label="Places">
            {PLACES.map(([to, name]) => (
              <Link key={to} to={to} current={to === '/' ? path === '/' : path.startsWith(to)}>
                {name}
              </Link>
            ))}
          </nav>
          <div className="tools">
            <Search />
            <div className={connected ? 'live on' : 'live'} role="status">
              <span>{connected ? 'live' : 'connecting'}</span>
            </div>
            <ThemeButton />
          </div>
        </div>
      </header>
      <main id="content" className="page" tabIndex={-1}>
        {children}
      </main>
      <Foot />
    </>
  )
}

function Foot(): ReactNode {
  const { answer } = useAnswer('network', (signal) => api.getNetwork({}, { signal }))
  const now = useNow()
  if (answer === undefined) return <footer className="foot" />
  const { chainId, index, contracts } = answer
  return (
    <footer className="foot">
      <div className="bar">
        <span>Chain {chainId}</span>
        <span>{index === null ? 'nothing is indexed yet' : `Block ${index.block}, ${ago(index.time, now)}`}</span>
        <span>
          Market <code>{contracts.market}</code>
        </span>
        <a href="/v1/openapi.json">API</a>
      </div>
    </footer>
  )
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }

function ThemeButton(): ReactNode {
  const [theme, setTheme] = useState(storedTheme)
  const change = (): void => {
    applyTheme(NEXT[theme])
    setTheme(NEXT[theme])
  }
  return (
    <button
      type="button"
      className="button icon"
      onClick={change}
      aria-label={`Colours: ${theme}. Change to ${NEXT[theme]}`}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2">
        <circle cx="12" cy="12" r="8" />
        {theme === 'system' && <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />}
        {theme === 'dark' && <circle cx="12" cy="12" r="8" fill="currentColor" />}
      </svg>
    </button>
  )
}

function Logo(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0f766e" />
      <path
        d="M22 11.5A8 8 0 1 0 24 17h-7"
        fill="none"
        stroke="#fff"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
