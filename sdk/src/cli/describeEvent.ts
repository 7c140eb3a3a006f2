import type { GevulotEvent } from '../chain/events.js'
import type { DrawnCandidate } from '../chain/draw.js'
import { unpackTerms } from '../chain/terms.js'
import { formatTime, formatTokens } from './format.js'
import { toJson } from './Output.js'

const MONEY = new Set(['amount', 'paid', 'refunded', 'burned', 'returned', 'bond', 'bounty', 'each'])
const TIMES = new Set(['until', 'effectiveAt'])
/** Long enough to be an id, a digest or a proof. */
const LONG = /^0x[0-9a-fA-F]{17,}$/
const ZERO = /^0x0*$/

/** What an event says, for people: amounts in tokens, ids by both of their ends. All of it is in the event's JSON. */
export function describeEvent({ name, args }: Pick<GevulotEvent, 'name' | 'args'>): string {
  const { workload: _, ...facts } = args as unknown as Record<string, unknown>
  if (name === 'Submitted') {
    const { fee, redundancy, maxRunTime } = unpackTerms(facts['terms'] as bigint)
    const slots = `${redundancy} ${redundancy === 1 ? 'slot' : 'slots'}`
    return `${slots}, at most ${maxRunTime} s, for ${formatTokens(fee)}, by ${short(String(facts['requester']))}`
  }
  if (name === 'Assigned') {
    const drawn = (facts['candidates'] as readonly DrawnCandidate[]).filter(({ draw }) => draw === 'Drawn')
    return drawn.length === 0
      ? 'nobody could be drawn; the slots are open'
      : drawn.map(({ seat, slot }) => `seat ${seat} takes slot ${slot}`).join(', ')
  }
  return Object.entries(facts)
    .filter(([key, value]) => value !== '' && key !== 'commitment' && !(typeof value === 'string' && ZERO.test(value)))
    .map(([key, value]) => `${words(key)} ${shown(key, value)}`)
    .join(', ')
}

function shown(key: string, value: unknown): string {
  if (typeof value === 'bigint' && MONEY.has(key)) return formatTokens(value)
  if (typeof value === 'number' && TIMES.has(key)) return formatTime(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'string' ? short(value) : toJson(value).replaceAll('"', '')
}

/** `proofDigest`: `proof digest`. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function short(text: string): string {
  return LONG.test(text) ? `${text.slice(0, 10)}…${text.slice(-4)}` : text
}
