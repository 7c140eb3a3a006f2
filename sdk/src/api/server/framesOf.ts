import type { GevulotEvent } from '../../chain/events.js'
import type { HubUpdate } from './EventHub.js'

/** Who listens to everything gets the same: it is written once for all of them. */
const written = new WeakMap<readonly GevulotEvent[], string>()

/** An update as server-sent events. */
export function framesOf(update: HubUpdate): string {
  const { position } = update
  const id = position === undefined ? '' : `${position.number}.${position.hash}`
  if (update.kind === 'reorg') return frame('reorg', { redoFrom: update.redoFrom }, id)
  const { events } = update
  const known = written.get(events)
  if (known !== undefined) return known
  const frames = events.map(({ contract, name, args, at }, index) => {
    const data = { contract, name, args, block: at.block, transaction: at.transaction }
    // Only behind the last one all of a batch is known.
    return frame('event', data, index === events.length - 1 ? id : undefined)
  })
  const text = frames.join('')
  written.set(events, text)
  return text
}

function frame(event: string, data: object, id: string | undefined): string {
  // JSON has no line breaks of its own.
  const text = JSON.stringify(data, (_, entry: unknown) => (typeof entry === 'bigint' ? entry.toString() : entry))
  return `event: ${event}\ndata: ${text}\n${id === undefined ? '' : `id: ${id}\n`}\n`
}
