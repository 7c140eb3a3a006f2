import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.js'
import type { AddressPolicy } from '../../content/addressPolicy.js'
import type { Logger } from '../../worker/log/Logger.js'
import { Bell } from '../../worker/Bell.js'
import { requestAnswer } from '../server/answers.js'
import type { ApiKeys } from '../server/ApiKeys.js'
import { postTo, type PostResult } from './postTo.js'
import { signWebhook, WEBHOOK_SIGNATURE } from './signWebhook.js'
import { secretsOf, type DueDelivery, type Happening, type WebhookStore } from './WebhookStore.js'

/** What a {@link Courier} works with. */
export interface CourierOptions {
  readonly webhooks: WebhookStore
  readonly keys: ApiKeys
  readonly clock: Clock
  readonly log: Logger
  /** Where webhooks may go. */
  readonly addresses: AddressPolicy
  /** Blocks that must lie above what is told of the chain. */
  readonly depth: number
  /** Milliseconds before each further attempt; behind the last of them a delivery is given up. */
  readonly delays: readonly number[]
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Two days and a half, and nine attempts. */
export const DELAYS = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR, 36 * HOUR]

const LOOK_MS = 2_000
/** What has happened is looked for when there is a reason to, and now and then: blocks become deep without one. */
const NOTE_EVERY_MS = 5_000
/** Attempts at the same time, of all keys and of one: a receiver that takes its time holds up its own key alone. */
const AT_ONCE = 32
const AT_ONCE_OF_KEY = 2
const FORGET_EVERY_MS = HOUR
const GONE = 410

/**
 * Takes events of requests to the webhooks of their keys. What is to be sent is in the database before it is sent, and each attempt is noted
 * afterwards: whenever it is killed, an event comes once more rather than never.
 */
export class Courier {
  readonly #options: CourierOptions
  readonly #bell: Bell
  /** Attempts under way, by webhook. */
  readonly #running = new Map<number, { readonly key: string; readonly ended: Promise<void> }>()
  #forgotAt = 0
  #notedAt = 0
  #hasNews = true

  constructor(options: CourierOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
  }

  /** Something may have happened: look now. */
  wake(): void {
    this.#hasNews = true
    this.#bell.ring()
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    while (!signal.aborted) {
      try {
        await this.#note()
        await this.#send(signal)
      } catch (error) {
        log.warn('webhooks cannot be sent now', { stage: 'webhook', error })
      }
      await this.#bell.wait(LOOK_MS, signal)
    }
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  async #note(): Promise<void> {
    const { webhooks, clock, depth } = this.#options
    const now = clock.now()
    if (!this.#hasNews && now - this.#notedAt < NOTE_EVERY_MS) return
    this.#hasNews = false
    this.#notedAt = now
    if (now - this.#forgotAt > FORGET_EVERY_MS) {
      this.#forgotAt = now
      await webhooks.forget(now)
    }
    for (;;) {
      const happened = await webhooks.unnoted(depth, now)
      if (happened.length === 0) return
      await webhooks.note(
        happened.map((one) => noteOf(one, now)),
        now,
      )
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { webhooks, clock } = this.#options
    const running = [...this.#running.values()].map(({ key }) => key)
    const isFull = (key: string): boolean => running.filter((one) => one === key).length >= AT_ONCE_OF_KEY
    const busy = { webhooks: [...this.#running.keys()], keys: [...new Set(running)].filter(isFull) }
    for (const delivery of await webhooks.due(clock.now(), { all: AT_ONCE, key: AT_ONCE_OF_KEY }, busy)) {
      const { webhook, key_id: key } = delivery
      if (isFull(key) || running.length >= AT_ONCE) continue
      running.push(key)
      const ended = this.#attempt(delivery, signal)
        .catch(async (error: unknown) => {
          this.#options.log.warn('an attempt could not be noted', { stage: 'webhook', error })
          // It is still due. Nobody is to be told the same again and again because a disk of ours is full.
          await clock.sleep(MINUTE, signal).catch(() => undefined)
        })
        .finally(() => {
          this.#running.delete(webhook)
          this.#bell.ring()
        })
      this.#running.set(webhook, { key, ended })
    }
  }

  async #attempt(delivery: DueDelivery, signal: AbortSignal): Promise<void> {
    const { webhooks, keys, clock, log, addresses, delays } = this.#options
    const { id, webhook, url, body, public_id, attempts } = delivery
    // A revocation counts at once, here too.
    if (!(await keys.isValid(delivery.key_id))) return webhooks.disable(webhook, 'its key was revoked')
    const headers = {
      ...{ 'content-type': 'application/json', 'user-agent': 'gevulot', 'gevulot-event': public_id },
      [WEBHOOK_SIGNATURE]: signWebhook(secretsOf(delivery, clock.now()), body, Math.floor(clock.now() / SECOND)),
    }
    const result = await postTo(url, headers, body, addresses, signal)
    // What was cut short by our own end was no attempt.
    if (signal.aborted && 'failure' in result) return
    const now = clock.now()
    const isTaken = 'status' in result && result.status >= 200 && result.status < 300
    const delay = delays[attempts]
    const state = isTaken ? 'delivered' : delay === undefined ? 'failed' : 'pending'
    const next_at = state === 'pending' ? now + (delay ?? 0) : now
    await webhooks.tried(id, { state, attempts: attempts + 1, next_at, tried_at: now, answer: answerOf(result) })
    log.info(`webhook ${state}`, { stage: 'webhook', webhook, event: public_id, attempt: attempts + 1, answer: answerOf(result) }) // prettier-ignore
    if ('status' in result && result.status === GONE)
      await webhooks.disable(webhook, 'its receiver says that it is gone')
  }
}

function answerOf(result: PostResult): string {
  return 'status' in result ? `status ${result.status}` : result.failure
}

/** What is sent, the same at every attempt. */
function noteOf({ webhook, event, request, block, outcome }: Happening, time: number) {
  const public_id = randomBytes(16).toString('hex')
  const body = JSON.stringify({ id: public_id, event, time, request: requestAnswer(request), block, outcome })
  return { webhook, event, request: request.id, public_id, body }
}
