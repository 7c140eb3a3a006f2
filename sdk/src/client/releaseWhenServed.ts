import type { Hex } from '../chain/hex.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import type { Proof } from './fetchProof.js'
import { getWorkload } from './getWorkload.js'
import { release } from './release.js'
import type { ReadWorkloadOptions } from './readWorkload.js'
import { waitForProofs } from './waitForProofs.js'
import { call, type CallOptions } from './call.js'
import { whileUnknown } from './whileUnknown.js'

/** Parameters of {@link releaseWhenServed}. */
export interface ReleaseWhenServedParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
}

/**
 * Waits until it holds as many verified proofs as were paid for, and then releases the workload if commits are still open:
 * while a slot is open only its requester or time can close them (design section 3). Run it beside {@link waitForProof}.
 * @returns The proofs, as many as the redundancy.
 * @throws as {@link waitForProofs} and {@link release}
 */
export function releaseWhenServed(client: Client, params: ReleaseWhenServedParams): Promise<Proof[]> {
  return call(client, params, async (client) => {
    const { signal } = params
    const { terms } = await whileUnknown(client, () => getWorkload(client, params), { ...(signal && { signal }) })
    const proofs = await waitForProofs(client, { ...params, count: terms.redundancy })
    const { status } = await whileUnknown(client, () => getWorkload(client, params), { ...(signal && { signal }) })
    if (status !== 'proving') return proofs
    try {
      await release(client, params)
    } catch (error) {
      // Commits closed by themselves in between.
      const closed = ['CONTRACT_COMMITS_CLOSED_ALREADY', 'CONTRACT_WRONG_PHASE']
      if (!(error instanceof GevulotError) || !closed.includes(error.code)) throw error
    }
    return proofs
  })
}
