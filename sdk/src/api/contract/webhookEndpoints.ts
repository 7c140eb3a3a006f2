import { z } from 'zod'
import { endpoint } from './Endpoint.js'
import { queryInteger } from './shapes.js'

const ofWebhook = { webhook: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits') }

const webhook = z
  .object({
    webhook: z.string(),
    url: z.string(),
    /** Unix milliseconds. */
    createdAt: z.number(),
    /** Why nothing is sent to it any more. */
    disabled: z.string().nullable(),
  })
  .meta({ id: 'Webhook' })

/** What is told by webhooks. */
export const WEBHOOK_EVENTS = [
  ...['request.submitted', 'request.refused', 'request.cancelled'],
  ...['workload.assigned', 'workload.proven', 'workload.expired', 'workload.cancelled'],
] as const

const delivery = z
  .object({
    /** Id of the event, the same at every attempt. */
    event: z.string(),
    kind: z.string().meta({ description: WEBHOOK_EVENTS.join(', ') }),
    request: z.string(),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.number(),
    /** What the receiver said last, or why there was no answer. */
    answer: z.string().nullable(),
    createdAt: z.number(),
    triedAt: z.number().nullable(),
    /** When it is tried again. */
    nextAt: z.number().nullable(),
  })
  .meta({ id: 'Delivery' })

/** Operations on webhooks. */
export const WEBHOOK_ENDPOINTS = {
  addWebhook: endpoint({
    method: 'POST',
    path: '/v1/webhooks',
    summary: 'Have events of the requests of the key sent to a URL, signed; the secret is shown here and nowhere else',
    key: true,
    status: 201,
    body: { url: z.url({ protocol: /^https?$/ }).max(1_024) },
    answer: webhook.extend({ secret: z.string() }),
  }),
  listWebhooks: endpoint({
    method: 'GET',
    path: '/v1/webhooks',
    summary: 'The webhooks of the key, oldest first',
    key: true,
    answer: z.object({ webhooks: z.array(webhook) }),
  }),
  removeWebhook: endpoint({
    method: 'POST',
    path: '/v1/webhooks/{webhook}/remove',
    summary: 'Remove a webhook; what was to be sent to it is not sent',
    key: true,
    params: ofWebhook,
    answer: webhook,
  }),
  rotateWebhookSecret: endpoint({
    method: 'POST',
    path: '/v1/webhooks/{webhook}/rotate',
    summary: 'Give a webhook another secret, shown here and nowhere else; the one before signs too until `oldUntil`',
    key: true,
    params: ofWebhook,
    answer: webhook.extend({ secret: z.string(), oldUntil: z.number().meta({ description: 'Unix milliseconds' }) }),
  }),
  redeliver: endpoint({
    method: 'POST',
    path: '/v1/webhooks/{webhook}/deliveries/{event}/redeliver',
    summary: 'Send an event once more, at once, whatever became of it before',
    key: true,
    params: { ...ofWebhook, event: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits') },
    status: 202,
    answer: delivery,
  }),
  listDeliveries: endpoint({
    method: 'GET',
    path: '/v1/webhooks/{webhook}/deliveries',
    summary: 'What was and is to be sent to a webhook, newest first; pass `next` as `cursor` for the following page',
    key: true,
    params: ofWebhook,
    query: { limit: queryInteger(1, 100).default(20), cursor: queryInteger(1, 2 ** 31 - 1).optional() },
    answer: z.object({ deliveries: z.array(delivery), next: z.number().nullable() }),
  }),
} as const
