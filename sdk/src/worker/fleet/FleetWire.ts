import type { Clock } from '../../clock.js'
import { CONNECT_MS, impatientSocket } from '../../database/openServer.js'
import type { Logger } from '../log/Logger.js'

/** Where a fleet's wire is. */
export interface WireOptions {
  /** A secret. */
  readonly url: string
  /** Postgres channel; the fleet's name. */
  readonly channel: string
  readonly clock: Clock
  readonly log: Logger
}

const RECONNECT_MS = 3_000
/** How often it is asked whether the server is there, so that its silence shows. */
const BEAT_MS = 20_000

/**
 * Tells machines of one fleet that there is something to look at, by Postgres' LISTEN and NOTIFY. It only saves time: whoever waits also looks by
 * itself, so what is not heard is found a little later.
 */
export class FleetWire {
  readonly #options: WireOptions
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #closed = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: WireOptions) {
    this.#options = options
  }

  /** Begins to listen, and goes on through broken connections. */
  open(): void {
    this.#loop = this.#listen()
  }

  /** Calls `listener` whenever `topic` is called, and after each time that calls may have been missed. @returns Ends it. */
  on(topic: string, listener: () => void): () => void {
    const all = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, all.add(listener))
    return () => {
      all.delete(listener)
      if (all.size === 0) this.#listeners.delete(topic)
    }
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#loop
  }

  async #listen(): Promise<void> {
    const { url, channel, clock, log } = this.#options
    const { default: pg } = await import('pg')
    while (!this.#closed.signal.aborted) {
      const socket = impatientSocket()
      const client = new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: CONNECT_MS,
        keepAlive: true,
        stream: () => socket,
        application_name: 'gevulot fleet',
      })
      const ended = new AbortController()
      client.on('error', () => ended.abort())
      client.on('end', () => ended.abort())
      // Nothing is said goodbye to: a server that has fallen silent would never answer it.
      const cut = (): void => void socket.destroy()
      this.#closed.signal.addEventListener('abort', cut, { once: true })
      client.on('notification', ({ payload }) => this.#listeners.get(payload ?? '')?.forEach((listener) => listener()))
      try {
        await client.connect()
        await client.query(`listen ${pg.escapeIdentifier(channel)}`)
        // Whatever was called meanwhile.
        this.#listeners.forEach((all) => all.forEach((listener) => listener()))
        while (!ended.signal.aborted) {
          await client.query('select 1')
          await clock.sleep(BEAT_MS, ended.signal).catch(() => undefined)
        }
      } catch (error) {
        log.debug('the fleet cannot be listened to now', { stage: 'fleet', error })
      }
      this.#closed.signal.removeEventListener('abort', cut)
      cut()
      await clock.sleep(RECONNECT_MS, this.#closed.signal).catch(() => undefined)
    }
  }
}
