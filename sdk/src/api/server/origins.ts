import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { apiError } from '../../errors/codes/api.js'
import { PROOF_DIGEST, PROOF_SEAT } from '../contract/proofHeaders.js'

const ANY = '*'
/** How long a browser remembers what it may do. */
const REMEMBERED_SECONDS = 600

/**
 * Lets pages of these origins call the API. Never with what a browser keeps for this server (cookies, certificates): the key is the only
 * authority here, and a page has to be given it. That is what makes `*` harmless.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  return cors({
    // In a list a star is an origin like any other, which no page has.
    origin: origins.includes(ANY) ? ANY : [...origins],
    // Nobody else's page may read them otherwise; errors say to wait as long as the first one says.
    exposeHeaders: ['Retry-After', PROOF_DIGEST, PROOF_SEAT],
    maxAge: REMEMBERED_SECONDS,
  })
}

/**
 * Refuses what no browser calls an origin: it would allow nobody, without a word.
 * @throws GevulotError API_CONFIG_INVALID
 */
export function checkOrigins(origins: readonly string[]): void {
  for (const origin of origins) {
    if (origin === ANY || isOrigin(origin)) continue
    const message = `${JSON.stringify(origin)} is no origin: write it like https://app.example.org, without a path, or *`
    throw apiError('API_CONFIG_INVALID', message)
  }
}

function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s*]+$/.test(text) || !URL.canParse(text)) return false
  // Of extensions and applications the standard knows no origin, and their browsers write one like the others.
  return /^https?:/.test(text) ? new URL(text).origin === text : true
}
