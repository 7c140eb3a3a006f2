import type { ReactNode } from 'react'
import { Link, useTitle } from '../router.js'

/** What stands at no path. */
export function NotFound(): ReactNode {
  useTitle('Not here')
  return (
    <div className="card empty">
      <h1>There is nothing at this address.</h1>
      <p>
        Search above, or go to the <Link to="/">overview</Link>.
      </p>
    </div>
  )
}
