import { useSyncExternalStore } from 'react'
import { later } from './clock.js'

/** Whether events arrive, and a number that grows when something happened. */
export interface Live {
  readonly connected: boolean
  readonly tick: number
}

/** Many events in a moment are one reason to look again. */
const GATHER_MS = 400
/** The server's sums are up to three seconds old: when they must be new, everything is looked at once more. */
const SETTLED_MS = 4_000
const RETRY_MS = 3_000

let state: Live = { connected: false, tick: 0 }
let started = false
const listeners = new Set<() => void>()

function set(change: Partial<Live>): void {
  state = { ...state, ...change }
  for (const listener of listeners) listener()
}

function start(): void {
  started = true
  let waiting = false
  let takeBack = (): void => undefined
  const settle = (): void => {
    takeBack()
    takeBack = later(() => set({ tick: state.tick + 1 }), SETTLED_MS)
  }
  const happened = (): void => {
    settle()
    if (waiting) return
    waiting = true
    later(() => {
      waiting = false
      set({ tick: state.tick + 1 })
    }, GATHER_MS)
  }
  const connect = (): void => {
    const source = new EventSource('/v1/events')
    source.onopen = () => {
      set({ connected: true, tick: state.tick + 1 })
      settle()
    }
    source.addEventListener('event', happened)
    source.addEventListener('reorg', happened)
    source.onerror = () => {
      set({ connected: false })
      source.close()
      later(connect, RETRY_MS)
    }
  }
  connect()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (!started) start()
  return () => listeners.delete(listener)
}

/** What happens on the network, as one stream for the whole page. */
export function useLive(): Live {
  return useSyncExternalStore(subscribe, () => state)
}
