import type { Context, Hono } from 'hono'
import type { StoredKey } from './ApiKeys.js'

/** What is known of every request behind the admission. */
interface Variables {
  readonly key: StoredKey | undefined
  /** Who asks, for limits: the name of a key, or of an address without one. */
  readonly caller: string
}

/** The server's routes. */
export type App = Hono<{ Variables: Variables }>

/** A request in work. */
export type AppContext = Context<{ Variables: Variables }>
