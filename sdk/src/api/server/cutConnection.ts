import type { HttpBindings } from '@hono/node-server'
import type { AppContext } from './AppContext.js'

/**
 * Cuts the connection that an answer is being written to. An error of its stream would be written behind the bytes that were sent, for the
 * reader to take as the rest.
 * @returns Whether there is one.
 */
export function cutConnection(context: AppContext): boolean {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>
  outgoing?.destroy()
  return outgoing !== undefined
}
