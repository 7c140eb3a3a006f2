import { isIPv4, isIPv6 } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** Longer than any address. */
const MOST_CHARACTERS = 64

/**
 * The network that a request comes from, for limits; see {@link networkOf}.
 * @param behindProxy Whether every request comes through a server of the operator's own that adds the address of its caller to
 * `X-Forwarded-For`: then the last one counts, which that server wrote. What stands before it anyone may have written.
 */
export function callerAddress(context: Context, behindProxy: boolean): string {
  const direct = getConnInfo(context).remote.address ?? 'unknown'
  if (!behindProxy) return networkOf(direct)
  const last = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? ''
  return networkOf(last === '' ? direct : last)
}

/**
 * What one caller has of the internet: an address of IPv4; of IPv6 the network of 64 bits, since one home or machine has 2^64 addresses to ask from.
 * @param address With or without a port, as some servers write it. What is no address is a name of its own.
 */
export function networkOf(address: string): string {
  const text = address.slice(0, MOST_CHARACTERS)
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text) ?? []
  const bare = (bracketed ?? plain ?? text).replace(/%.*$/, '')
  if (isIPv4(bare) || !isIPv6(bare)) return bare
  const groups = groupsOf(bare)
  const prefix = groups.slice(0, 6).join(':')
  // IPv4 in clothes of IPv6: as a socket for both has it, and behind a translator (RFC 6052).
  if (prefix === '0:0:0:0:0:ffff' || prefix === '64:ff9b:0:0:0:0') return ipv4Of(groups)
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** The eight groups of an address of IPv6, in lower case without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [left = '', right] = address.split('::')
  const [before, after] = [groupsIn(left), groupsIn(right ?? '')]
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

function groupsIn(text: string): string[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16).toString(16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)]
  })
}

function ipv4Of(groups: readonly string[]): string {
  return groups
    .slice(6)
    .flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255])
    .join('.')
}
