import { clientError } from '../errors/codes/client.js'

const SCHEMES = new Set(['http:', 'https:', 'ipfs:', 's3:'])
const LONGEST = 1024

/**
 * Checks a URI that goes on the chain; empty means none.
 * @throws GevulotError CLIENT_URI_INVALID
 */
export function checkUri(uri: string): string {
  if (uri === '') return uri
  const shown = JSON.stringify(uri.slice(0, 80))
  if (uri.length > LONGEST) throw clientError('CLIENT_URI_INVALID', `the URI ${shown}… has ${uri.length} characters`)
  let parsed: URL
  try {
    parsed = new URL(uri)
  } catch (cause) {
    throw clientError('CLIENT_URI_INVALID', `not a URI: ${shown}`, { cause })
  }
  if (!SCHEMES.has(parsed.protocol)) throw clientError('CLIENT_URI_INVALID', `${shown} has no scheme that is fetched`)
  // It would be public for ever.
  if (parsed.username !== '' || parsed.password !== '') {
    throw clientError('CLIENT_URI_INVALID', 'the URI contains a user name or password')
  }
  return uri
}
