import { toWorkloadId } from '../../chain/hex.js'
import { PROOF_DIGEST, PROOF_SEAT } from '../contract/proofHeaders.js'
import type { AppContext } from './AppContext.js'
import { base64Json, rawBytes } from './base64Json.js'
import { heldAnswer, type HeldAnswerOptions } from './heldAnswer.js'

/** A proof as JSON with base64, or by itself to whoever accepts `application/octet-stream` alone; written piece by piece out of what all share. */
export function proofAnswer(
  context: AppContext,
  options: HeldAnswerOptions,
  input: { readonly workload: string; readonly seat?: number | undefined },
): Promise<Response> {
  return heldAnswer(context, options, async () => {
    const { workload } = input
    const { proof: found, giveBack } = await options.proofs.take(toWorkloadId(workload), input.seat)
    const { seat, operator, digest, proof, publicInputs } = found
    const isRaw = wantsBytes(context)
    const facts = { workload, seat, operator: operator ?? null, digest }
    return {
      giveBack,
      body: isRaw ? rawBytes(proof) : base64Json(facts, { proof, publicInputs }),
      headers: {
        'Content-Type': isRaw ? 'application/octet-stream' : 'application/json',
        Vary: 'Accept',
        [PROOF_DIGEST]: digest,
        [PROOF_SEAT]: String(seat),
      },
    }
  })
}

function wantsBytes(context: AppContext): boolean {
  return /^\s*application\/octet-stream\s*(;|$)/i.test(context.req.header('accept') ?? '')
}
