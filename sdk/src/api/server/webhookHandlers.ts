import { apiError } from '../../errors/codes/api.js'
import type { WEBHOOK_ENDPOINTS } from '../contract/webhookEndpoints.js'
import { checkWebhookUrl } from '../webhooks/postTo.js'
import type { StoredDelivery, StoredWebhook } from '../webhooks/WebhookStore.js'
import type { Backend, Caller, Handler } from './handlers.js'

/** What the operations on webhooks do. */
export const webhookHandlers: { readonly [Name in keyof typeof WEBHOOK_ENDPOINTS]: Handler<Name> } = {
  async addWebhook(backend, { url }, caller) {
    const { webhooks, addresses } = proxyOf(backend)
    checkWebhookUrl(url, addresses)
    const row = await webhooks.add(keyIdOf(caller), url, backend.client.clock.now())
    return { ...webhookAnswer(row), secret: row.secret }
  },

  async listWebhooks(backend, _, caller) {
    return { webhooks: (await proxyOf(backend).webhooks.list(keyIdOf(caller))).map(webhookAnswer) }
  },

  async removeWebhook(backend, { webhook }, caller) {
    const { webhooks } = proxyOf(backend)
    const row = await webhooks.find(keyIdOf(caller), webhook)
    await webhooks.remove(row.id)
    return webhookAnswer(row)
  },

  async rotateWebhookSecret(backend, { webhook }, caller) {
    const { webhooks } = proxyOf(backend)
    const { id } = await webhooks.find(keyIdOf(caller), webhook)
    const row = await webhooks.rotate(id, backend.client.clock.now())
    return { ...webhookAnswer(row), secret: row.secret, oldUntil: row.old_until ?? 0 }
  },

  async redeliver(backend, { webhook, event }, caller) {
    const { webhooks, requests } = proxyOf(backend)
    const { id, disabled } = await webhooks.find(keyIdOf(caller), webhook)
    if (disabled !== null) throw apiError('API_REQUEST_INVALID', `nothing is sent to this webhook: ${disabled}`)
    const row = await webhooks.redeliver(id, event, backend.client.clock.now())
    if (row === undefined) throw apiError('API_NOT_FOUND', `there is no event ${event}, or not any more`)
    return deliveryAnswer(row, await requests.publicIds([row.request]))
  },

  async listDeliveries(backend, { webhook, limit, cursor }, caller) {
    const { webhooks, requests } = proxyOf(backend)
    const { id } = await webhooks.find(keyIdOf(caller), webhook)
    const rows = await webhooks.deliveries(id, limit + 1, cursor)
    const page = rows.slice(0, limit)
    const ids = await requests.publicIds(page.map(({ request }) => request))
    return {
      deliveries: page.map((row) => deliveryAnswer(row, ids)),
      next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
    }
  },
}

function deliveryAnswer(row: StoredDelivery, requests: ReadonlyMap<number, string>) {
  return {
    ...{ event: row.public_id, kind: row.event, request: requests.get(row.request) ?? '', state: row.state },
    ...{ attempts: row.attempts, answer: row.answer, createdAt: row.created_at, triedAt: row.tried_at },
    nextAt: row.state === 'pending' ? row.next_at : null,
  }
}

function webhookAnswer({ public_id, url, created_at, disabled }: StoredWebhook) {
  return { webhook: public_id, url, createdAt: created_at, disabled }
}

function proxyOf({ proxy }: Backend) {
  if (proxy === undefined) throw apiError('API_NOT_FOUND', 'this server only reads: it has no webhooks')
  return proxy
}

function keyIdOf({ key }: Caller): string {
  if (key === undefined) throw apiError('API_UNAUTHORISED', 'this needs an API key')
  return key.id
}
