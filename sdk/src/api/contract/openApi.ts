import { z } from 'zod'
import type { Endpoint, Fields } from './Endpoint.js'
import { ENDPOINTS } from './endpoints.js'
import { problem } from './shapes.js'

type Json = Readonly<Record<string, unknown>>

const EVENTS = {
  get: {
    operationId: 'watchWorkload',
    summary: 'The events of a workload as server-sent events, until it is final',
    description:
      'Events are called `event` (one of the contracts: name, args, block) and `reorg` (take back what came from the blocks from `redoFrom` on). A client that reconnects with Last-Event-ID gets what it missed.',
    parameters: [
      { name: 'workload', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' } },
    ],
    responses: { 200: { description: 'the stream', content: { 'text/event-stream': { schema: { type: 'string' } } } } },
  },
}

const ALL_EVENTS: Json = {
  get: {
    operationId: 'watchNetwork',
    summary: 'All events as server-sent events, from now on',
    description: 'As `watchWorkload`, for everything. What it tells is in the index already. Nothing is told again.',
    parameters: [],
    responses: EVENTS.get.responses,
  },
}

const CONTENT: Json = {
  put: {
    operationId: 'putContent',
    summary: "Put content into the server's store, where provers find it: the bytes as they are, at most 32 MiB",
    security: [{ key: [] }],
    parameters: [{ name: 'digest', in: 'path', required: true, schema: { type: 'string' } }],
    requestBody: {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    },
    responses: { 200: { description: 'it is there already' }, 201: { description: 'it is stored' } },
  },
}

/** The OpenAPI 3.1 document, made of the same schemas that check every request. */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [operationId, endpoint] of Object.entries(ENDPOINTS) as [string, Endpoint][]) {
    const operations = (paths[endpoint.path] ??= {})
    operations[endpoint.method.toLowerCase()] = operationOf(operationId, endpoint)
  }
  paths['/v1/workloads/{workload}/events'] = EVENTS
  paths['/v1/events'] = ALL_EVENTS
  paths['/v1/content/{digest}'] = CONTENT
  return {
    openapi: '3.1.0',
    info: { title: 'Gevulot', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    paths,
  }
}

function operationOf(operationId: string, endpoint: Endpoint): Json {
  const { summary, params, query, body, idempotent, status, answer, key } = endpoint
  const idempotencyKey = {
    ...{ name: 'Idempotency-Key', in: 'header', required: false },
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  }
  return {
    operationId,
    summary,
    ...(key && { security: [{ key: [] }] }),
    parameters: [
      ...parametersOf('path', params),
      ...parametersOf('query', query),
      ...(idempotent ? [idempotencyKey] : []),
    ],
    ...(Object.keys(body).length > 0 && {
      requestBody: { required: true, content: jsonOf(z.strictObject(body), 'input') },
    }),
    responses: {
      [status]: { description: summary, content: jsonOf(answer, 'output') },
      default: { description: 'what went wrong, and what to do about it', content: jsonOf(problem, 'output') },
    },
  }
}

function parametersOf(place: 'path' | 'query', fields: Fields): Json[] {
  return Object.entries(fields).map(([name, field]) => ({
    ...{ name, in: place, required: !field.safeParse(undefined).success },
    schema: schemaOf(field, 'input'),
  }))
}

function jsonOf(type: z.ZodType, io: 'input' | 'output'): Json {
  return { 'application/json': { schema: schemaOf(type, io) } }
}

function schemaOf(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io, unrepresentable: 'any', reused: 'inline' })
  return schema
}
