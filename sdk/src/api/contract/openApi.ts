import { z } from 'zod'
import type { Endpoint, Fields } from './Endpoint.js'
import { ENDPOINTS } from './endpoints.js'
import { problem } from './shapes.js'
import { streamOperations } from './streamOperations.js'

type Json = Readonly<Record<string, unknown>>
type Schema = Json & { readonly $defs?: Json }
type Direction = 'input' | 'output'

const FAILURES = { default: { $ref: '#/components/responses/Problem' } }

/** The OpenAPI 3.1 document, made of the same schemas that check every request. */
export function openApi(version: string): Json {
  const schemas = new SharedSchemas()
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [operationId, endpoint] of Object.entries(ENDPOINTS) as [string, Endpoint][]) {
    const operations = (paths[endpoint.path] ??= {})
    operations[endpoint.method.toLowerCase()] = operationOf(operationId, endpoint, schemas)
  }
  Object.assign(
    paths,
    streamOperations((type) => schemas.of(type, 'input'), FAILURES),
  )
  const Problem = {
    description: 'what went wrong, and what to do about it',
    headers: {
      'Retry-After': { description: 'with 429 and 503: seconds to wait', schema: { type: 'integer', minimum: 1 } },
    },
    content: jsonOf(problem, 'output', schemas),
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Gevulot', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    components: {
      schemas: schemas.shared,
      responses: { Problem },
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
    paths,
  }
}

function operationOf(operationId: string, endpoint: Endpoint, schemas: SharedSchemas): Json {
  const { summary, params, query, body, idempotent, status, key } = endpoint
  const idempotencyKey = {
    ...{ name: 'Idempotency-Key', in: 'header', required: false },
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  }
  return {
    operationId,
    summary,
    ...(key && { security: [{ key: [] }] }),
    parameters: [
      ...parametersOf('path', params, schemas),
      ...parametersOf('query', query, schemas),
      ...(idempotent ? [idempotencyKey] : []),
    ],
    ...(Object.keys(body).length > 0 && {
      requestBody: { required: true, content: jsonOf(z.strictObject(body), 'input', schemas) },
    }),
    responses: { [status]: answerOf(endpoint, schemas), ...FAILURES },
  }
}

function answerOf({ summary, answer, bytes }: Endpoint, schemas: SharedSchemas): Json {
  const content = jsonOf(answer, 'output', schemas)
  if (bytes === undefined) return { description: summary, content }
  const headers = Object.entries(bytes.headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return {
    description: `${summary}; ${bytes.description}`,
    headers: Object.fromEntries(headers) as Json,
    content: { ...content, 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  }
}

function parametersOf(place: 'path' | 'query', fields: Fields, schemas: SharedSchemas): Json[] {
  return Object.entries(fields).map(([name, field]) => ({
    ...{ name, in: place, required: !field.safeParse(undefined).success },
    schema: schemas.of(field, 'input'),
  }))
}

function jsonOf(type: z.ZodType, io: Direction, schemas: SharedSchemas): Json {
  return { 'application/json': { schema: schemas.of(type, io) } }
}

/**
 * Makes JSON schemas. What has a name of its own stands once, in `components/schemas`: a pointer goes from the root of the document, so in each
 * schema by itself, where zod puts it, nobody finds it.
 */
class SharedSchemas {
  readonly shared: Record<string, unknown> = {}

  of(type: z.ZodType, io: Direction): Json {
    const { $schema: _, ...made } = z.toJSONSchema(type, { io, unrepresentable: 'any', reused: 'inline' })
    const { $defs = {}, ...schema } = JSON.parse(JSON.stringify(made), pointToShared) as Schema
    for (const [name, shared] of Object.entries($defs)) {
      const known = (this.shared[name] ??= shared)
      if (JSON.stringify(known) !== JSON.stringify(shared)) throw new Error(`two schemas are called ${name}`)
    }
    return schema
  }
}

function pointToShared(name: string, value: unknown): unknown {
  return name === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : value
}
