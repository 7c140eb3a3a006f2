import { useEffect, useState } from 'react'

/** Calls `run` after a while; the returned function takes it back. */
export function later(run: () => void, milliseconds: number): () => void {
  const timer = window.setTimeout(run, milliseconds)
  return () => window.clearTimeout(timer)
}

/** Unix seconds, every second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000)
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now() / 1000), 1_000)
    return () => window.clearInterval(timer)
  }, [])
  return Math.floor(now)
}
