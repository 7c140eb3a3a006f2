import { z } from 'zod'
import { bytes32 } from './shapes.js'

const EVENT_STREAM = { 'text/event-stream': { schema: { type: 'string' } } }
const BYTES = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }

const digest = z.string().meta({ description: 'sha-256 as 64 hexadecimal digits, with or without 0x, or as a CID' })
const lastEventId = z.string().regex(/^\d{1,10}\.0x[0-9a-f]{64}$/)

/**
 * Operations that take or answer something else than JSON, which `ENDPOINTS` cannot say, by path and method.
 * @param of The JSON schema of a type as it comes in.
 * @param failures The answers that are errors.
 */
export function streamOperations(of: (type: z.ZodType) => unknown, failures: Readonly<Record<string, unknown>>) {
  const inPath = (name: string, type: z.ZodType) => ({ name, in: 'path', required: true, schema: of(type) })
  const stored = { 'application/json': { schema: of(z.object({ digest: bytes32, size: z.number().int().min(0) })) } }
  const digestInPath = inPath('digest', digest)
  return {
    '/v1/workloads/{workload}/events': {
      get: {
        operationId: 'watchWorkload',
        summary: 'The events of a workload as server-sent events, until it is final',
        description:
          'Events are called `event` (one of the contracts: name, args, block) and `reorg` (take back what came from the blocks from `redoFrom` on). A client that reconnects with Last-Event-ID gets what it missed.',
        parameters: [
          inPath('workload', bytes32),
          { name: 'Last-Event-ID', in: 'header', required: false, schema: of(lastEventId) },
        ],
        responses: { 200: { description: 'the stream', content: EVENT_STREAM }, ...failures },
      },
    },
    '/v1/events': {
      get: {
        operationId: 'watchNetwork',
        summary: 'All events as server-sent events, from now on',
        description:
          'As `watchWorkload`, for everything. What it tells is in the index already. Nothing is told again.',
        parameters: [],
        responses: { 200: { description: 'the stream', content: EVENT_STREAM }, ...failures },
      },
    },
    '/v1/content/{digest}': {
      get: {
        operationId: 'getContent',
        summary: 'What the proxy published, for provers: the bytes as they are. Check their digest',
        parameters: [digestInPath],
        responses: { 200: { description: 'the bytes', content: BYTES }, ...failures },
      },
      put: {
        operationId: 'putContent',
        summary: "Put content into the server's store, where provers find it: the bytes as they are, at most 32 MiB",
        security: [{ key: [] }],
        parameters: [digestInPath],
        requestBody: { required: true, content: BYTES },
        responses: {
          200: { description: 'it is there already', content: stored },
          201: { description: 'it is stored', content: stored },
          ...failures,
        },
      },
    },
  }
}
