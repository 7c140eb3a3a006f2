import type { Signer, TransactionRequest, TransactionResponse } from 'ethers'

/** The blob opening and the fees decide: estimates of an epoch's proof lie between 250k and 400k, and another's proof in between changes them. */
const GAS_MARGIN_PERCENT = 130n

/** Sends a call with room over its estimate: the block that includes it finds another state of the rollup than the one it was estimated on. */
export async function sendWithMargin(
  signer: Signer,
  call: TransactionRequest,
  signal?: AbortSignal,
): Promise<TransactionResponse> {
  const gas = await signer.estimateGas(call)
  signal?.throwIfAborted()
  return signer.sendTransaction({ ...call, gasLimit: (gas * GAS_MARGIN_PERCENT) / 100n })
}
