import { apiError } from '../../errors/codes/api.js'
import type { AppContext } from './AppContext.js'
import { base64Json } from './base64Json.js'
import { deliveriesFor, proxyOf, type Backend } from './handlers.js'
import { heldAnswer, type HeldAnswerOptions } from './heldAnswer.js'

/** A sealed proof that came for a request. It is as large as a proof, and shares the memory that is there for proofs. */
export function sealedAnswer(
  context: AppContext,
  options: HeldAnswerOptions & { readonly backend: Backend },
  { request, digest }: { readonly request: string; readonly digest: string },
): Promise<Response> {
  const { backend, proofs } = options
  return heldAnswer(context, options, async () => {
    const none = () => apiError('API_NOT_FOUND', `nothing with the digest ${digest} came for ${request}`)
    const deliveries = await deliveriesFor(backend, request, { key: context.get('key') })
    const listed = deliveries.find((delivery) => delivery.digest === digest)
    if (listed === undefined) throw none()
    const giveBack = await proofs.makeRoom(listed.bytes)
    try {
      const found = await proxyOf(backend).inbox?.read(listed)
      if (found === undefined) throw none()
      const { seat, operator, sealed } = found
      return {
        giveBack,
        body: base64Json({ seat, operator }, { sealed }),
        headers: { 'Content-Type': 'application/json' },
      }
    } catch (error) {
      giveBack()
      throw error
    }
  })
}
