import { clientError } from '../errors/codes/client.js'
import { call } from './call.js'
import type { Client } from './Client.js'
import { inTurn } from './inTurn.js'
import type { PublishOptions } from './publishInputs.js'
import type { SendOptions } from './send.js'
import { submitAll, type SubmittedWorkload, type WorkloadRequest } from './submission.js'

/** Parameters of {@link submit}. */
export interface SubmitParams extends WorkloadRequest, SendOptions, PublishOptions {
  /**
   * The account's nonce (see `getBalance`). Read it once, keep it, and pass it again to retry after a lost response:
   * the workload is then found, not submitted twice. By default the next one.
   */
  readonly nonce?: number
}

/**
 * Submits a workload: publishes the inputs, checks program, fee and balance, locks the fee. Retrying with the same nonce is
 * harmless. For several at once take `submitMany`.
 *
 * @example
 * const { workload } = await client.submit({ program, inputs: { files: { public_inputs: words } }, fee, maxRunTime: 600 })
 * const { proof } = await client.waitForProof({ workload })
 *
 * @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CONTRACT_CLASS_CLOSED, CONTRACT_FEE_TOO_LOW, CONTRACT_INVALID_TERMS,
 * CONTRACT_INSUFFICIENT_BALANCE, CONTRACT_WRONG_NONCE, CLIENT_NONCE_USED, CLIENT_URI_INVALID, CLIENT_PUBLIC_INPUTS_TOO_LARGE,
 * CLIENT_OPTION_MISSING, `CHAIN_*`, `CONTENT_*`
 */
export function submit(client: Client, params: SubmitParams): Promise<SubmittedWorkload> {
  return call(client, params, async (client) => {
    // Each takes the account's next nonce, which the one before must have used.
    return inTurn(client.submissions, (keep) => submitNow(client, params, keep))
  })
}

/** {@link submit} within a turn that the caller has taken. */
export async function submitNow(
  client: Client,
  params: SubmitParams,
  keep: (until: Promise<unknown>) => void,
): Promise<SubmittedWorkload> {
  const [submitted] = await submitAll(client, [params], params.nonce, params, keep)
  if (submitted === undefined) throw clientError('CLIENT_WORKLOAD_UNKNOWN', 'one request gave no workload')
  return submitted
}
