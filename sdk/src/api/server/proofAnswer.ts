import { toWorkloadId } from '../../chain/hex.js'
import type { Proof } from '../../client/fetchProof.js'
import { apiError } from '../../errors/codes/api.js'
import { PROOF_DIGEST, PROOF_SEAT } from '../contract/proofHeaders.js'
import { answerBody } from './answerBody.js'
import type { AppContext } from './AppContext.js'
import type { Places } from './Places.js'
import type { Proofs } from './Proofs.js'

/** What answers with proofs are made with. */
export interface ProofAnswerOptions {
  readonly proofs: Proofs
  readonly proofPlaces: Places
  /** Milliseconds to take an answer: whoever reads no faster holds the memory of others. */
  readonly proofSendMs: number
  /** Aborted when the server stops. */
  readonly stop: AbortSignal
}

/** Three bytes are four characters of base64. */
const CHUNK_BYTES = 3 * 2 ** 14

/** A proof as JSON with base64, or by itself to whoever accepts `application/octet-stream` alone; written piece by piece out of what all share. */
export async function proofAnswer(
  context: AppContext,
  { proofs, proofPlaces, proofSendMs, stop }: ProofAnswerOptions,
  { workload, seat }: { readonly workload: string; readonly seat?: number | undefined },
): Promise<Response> {
  const given = new AbortController()
  const leave = proofPlaces.take(context.get('caller'), context.get('key') !== undefined, () => given.abort())
  try {
    const { proof, giveBack } = await proofs.take(toWorkloadId(workload), seat)
    const done = (): void => {
      giveBack()
      leave()
    }
    if (given.signal.aborted) {
      giveBack()
      throw apiError('API_BUSY', 'others needed the place', { details: { wait: 1 } })
    }
    const body = wantsBytes(context) ? { type: 'application/octet-stream', ...bytesOf(proof) } : jsonOf(workload, proof)
    const headers = {
      'Cache-Control': 'no-store',
      'Content-Length': String(body.length),
      'Content-Type': body.type,
      Vary: 'Accept',
      [PROOF_DIGEST]: proof.digest,
      [PROOF_SEAT]: String(proof.seat),
    }
    if (context.req.method === 'HEAD') {
      // Nobody would read a body, nor leave it.
      done()
      return context.body(null, 200, headers)
    }
    const over = [stop, given.signal, AbortSignal.timeout(proofSendMs)]
    return context.body(answerBody(context, body.chunks, { over, done }), 200, headers)
  } catch (error) {
    leave()
    throw error
  }
}

function wantsBytes(context: AppContext): boolean {
  return /^\s*application\/octet-stream\s*(;|$)/i.test(context.req.header('accept') ?? '')
}

interface Body {
  readonly type: string
  /** Bytes. */
  readonly length: number
  readonly chunks: Iterator<Uint8Array>
}

function bytesOf({ proof }: Proof): Omit<Body, 'type'> {
  return { length: proof.length, chunks: slices(proof) }
}

function jsonOf(workload: string, { seat, operator, digest, proof, publicInputs }: Proof): Body {
  const facts = JSON.stringify({ workload, seat, operator: operator ?? null, digest })
  const [head, middle, tail] = [`${facts.slice(0, -1)},"proof":"`, '","publicInputs":"', '"}'].map(asBytes)
  const base64 = ({ length }: Uint8Array): number => 4 * Math.ceil(length / 3)
  const length = [head, middle, tail].reduce(
    (sum, part) => sum + (part?.length ?? 0),
    base64(proof) + base64(publicInputs),
  )
  const chunks = (function* () {
    if (head !== undefined) yield head
    for (const slice of slices(proof)) yield asBytes(Buffer.from(slice).toString('base64'))
    if (middle !== undefined) yield middle
    for (const slice of slices(publicInputs)) yield asBytes(Buffer.from(slice).toString('base64'))
    if (tail !== undefined) yield tail
  })()
  return { type: 'application/json', length, chunks }
}

function asBytes(text: string): Uint8Array {
  return Buffer.from(text)
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES)
}
