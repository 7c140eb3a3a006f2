import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { contentError } from '../errors/codes/content.js'

/**
 * Which hosts an HTTP store may talk to. `public`: only addresses of the public internet, for URLs that come from the
 * chain or another stranger (they must not reach into the operator's network). `any`: stores the operator configured.
 */
export type AddressPolicy = 'public' | 'any'

const NOT_PUBLIC = notPublic()

/**
 * Checks scheme, credentials and literal addresses of a URL; names are checked when they are resolved, see
 * {@link lookupUnder}.
 * @throws GevulotError CONTENT_ADDRESS_REFUSED
 */
export function checkUrl(url: URL, policy: AddressPolicy): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(url.href, 'only http and https are allowed')
  if (policy === 'any') return
  if (url.username !== '' || url.password !== '') throw refused(url.host, 'credentials are not allowed')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refused(host, 'the address is not public')
}

/**
 * A resolver for `http.request`: the addresses that are checked are the ones connected to, so a name that changes its
 * answer between check and use (DNS rebinding) gains nothing.
 */
export function lookupUnder(policy: AddressPolicy): LookupFunction {
  if (policy === 'any') return dnsLookup
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0)
      const [first] = addresses
      if (first === undefined) return callback(refused(hostname, 'it has no address'), '', 0)
      if (!addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(refused(hostname, 'it resolves to an address that is not public'), '', 0)
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** Whether an IP address (text) belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && !NOT_PUBLIC.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

function refused(what: string, why: string): Error {
  return contentError('CONTENT_ADDRESS_REFUSED', `refused ${what}: ${why}`, { details: { what } })
}

/**
 * IANA special-purpose registries (RFC 6890 and successors), and IPv6 forms that embed an IPv4 address. IPv4-mapped
 * addresses (::ffff:0:0/96) are held to the IPv4 rules by BlockList itself.
 */
function notPublic(): BlockList {
  const list = new BlockList()
  // prettier-ignore
  const ipv4: readonly (readonly [string, number])[] = [
    ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
    ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15],
    ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  ]
  // prettier-ignore
  const ipv6: readonly (readonly [string, number])[] = [
    ['::', 96], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001::', 23],
    ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20], ['5f00::', 16], ['fc00::', 7], ['fe80::', 10], ['fec0::', 10],
    ['ff00::', 8],
  ]
  for (const [network, prefix] of ipv4) list.addSubnet(network, prefix, 'ipv4')
  for (const [network, prefix] of ipv6) list.addSubnet(network, prefix, 'ipv6')
  return list
}
