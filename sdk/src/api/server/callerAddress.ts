import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/**
 * The address that a request comes from, for limits.
 * @param behindProxy Whether every request comes through a server of the operator's own that adds the address of its caller to
 * `X-Forwarded-For`: then the last one counts, which that server wrote. What stands before it anyone may have written.
 */
export function callerAddress(context: Context, behindProxy: boolean): string {
  const direct = getConnInfo(context).remote.address ?? 'unknown'
  if (!behindProxy) return direct
  const last = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? ''
  return last === '' ? direct : last.slice(0, 64)
}
