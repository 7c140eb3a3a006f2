import { keccak256, type TransactionResponse } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import type { Address, Bytes32, Hex } from '../chain/hex.js'
import { digestOf, type Digest } from '../content/digest.js'
import { fetchPublicInputs } from './fetchPublicInputs.js'
import { clientError } from '../errors/codes/client.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import { decodeProof, searchProof } from './decodeProof.js'
import { byRank } from './byRank.js'
import { readWorkload, type ReadWorkloadOptions } from './readWorkload.js'
import type { Workload, WorkloadSlot } from './Workload.js'
import { call, type CallOptions } from './call.js'
import { tracedProof } from './tracedProof.js'

/** Parameters of {@link fetchProof}. */
export interface FetchProofParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
  /** The seat whose proof is wanted; by default the best one's. */
  readonly seat?: number
}

/** A valid proof of a workload, checked against the chain. */
export interface Proof {
  readonly proof: Uint8Array
  readonly digest: Digest
  readonly publicInputs: Uint8Array
  readonly seat: number
  readonly operator?: Address
  /** Where it came from: the chain, a store, or a delivery sealed to the requester. */
  readonly from: 'transaction' | 'store' | 'delivery'
  /** The transaction that revealed it. */
  readonly transaction?: Bytes32
}

/**
 * Fetches a valid revealed proof: from the transaction that carries it, also where that went through another contract, such as a wallet; else from
 * the content stores. Its sha-256 is checked against the chain.
 * @throws GevulotError CLIENT_NO_PROOF, CLIENT_PROOF_UNAVAILABLE, CLIENT_PROOF_MISMATCH, CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function fetchProof(client: Client, params: FetchProofParams): Promise<Proof> {
  return call(client, params, async (client) => {
    const { workload } = await readWorkload(client.contracts, params.workload, params)
    return fetchProofOf(client, workload, params)
  })
}

/** {@link fetchProof} for a workload that has just been read. */
export async function fetchProofOf(
  client: Client,
  workload: Workload,
  params: { readonly seat?: number; readonly signal?: AbortSignal } = {},
): Promise<Proof> {
  const { inline, ...facts } = bestProof(workload, params.seat)
  const { digest, transaction, seat } = facts
  const sent = await transactionOf(client, transaction)
  const carried = sent && decodeProof(client.contracts, sent)
  const { spec } = workload
  if (carried !== undefined) {
    check(digestOf(carried.proof) === digest, 'proof', transaction, digest)
    check(keccak256(carried.publicInputs) === spec.publicInputs, 'public inputs', transaction, spec.publicInputs)
    return { ...carried, ...facts, from: 'transaction' }
  }
  const { signal } = params
  if (inline !== undefined) {
    const publicInputs = await fetchPublicInputs(client, spec, signal)
    return { proof: inline, publicInputs, ...facts, from: 'transaction' }
  }
  const through = sent && throughOf(client, sent)
  if (sent !== undefined) {
    const found =
      searchProof(client.contracts, sent.data, spec, digest) ??
      (through === undefined ? undefined : await tracedProof(client, transaction, spec, digest, signal))
    if (found !== undefined) return { ...found, ...facts, from: 'transaction' }
  }
  const source = client.source ?? client.store
  const unavailable = (why: string, cause?: unknown): Error => {
    const hidden = `it is not to be seen in transaction ${transaction}${through === undefined ? '' : `, which went through the contract ${through}`}`
    return clientError(
      'CLIENT_PROOF_UNAVAILABLE',
      `seat ${seat} has revealed a valid proof, but ${sent === undefined ? `the endpoint does not know transaction ${transaction}` : hidden}, and ${why}`,
      {
        details: { workload: workload.workload, seat, digest, transaction, ...(through && { through }) },
        cause,
      },
    )
  }
  if (source === undefined) throw unavailable('no store is given')
  const options = { maxBytes: client.settings.maxProofBytes, ...(signal && { signal }) }
  const proof = await source.get(digest, options).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw GevulotError.is(error, 'CONTENT_NOT_FOUND') ? unavailable('no store holds it', error) : error
  })
  return { proof, publicInputs: await fetchPublicInputs(client, spec, signal), ...facts, from: 'store' }
}

/**
 * What the chain says of the best valid proof of a workload, or of that of a seat: everything but the bytes, unless they came with the reveal.
 * @throws GevulotError CLIENT_NO_PROOF
 */
export function bestProof({ workload, slots }: Workload, seat: number | undefined) {
  const slot = bestSlot(slots, seat)
  if (slot?.proof === undefined) {
    const of = seat === undefined ? '' : ` of seat ${seat}`
    throw clientError('CLIENT_NO_PROOF', `workload ${workload} has no valid proof${of} yet`)
  }
  const { digest, transaction, inline } = slot.proof
  return { inline, digest, transaction, seat: slot.seat, ...(slot.operator && { operator: slot.operator }) }
}

/** The best one: that of the first slot in the order of ranks. */
function bestSlot(slots: readonly WorkloadSlot[], seat: number | undefined): WorkloadSlot | undefined {
  return slots.filter((slot) => slot.status === 'valid' && (seat === undefined || slot.seat === seat)).sort(byRank)[0]
}

async function transactionOf(client: Client, hash: Bytes32): Promise<TransactionResponse | undefined> {
  try {
    return (await client.contracts.provider.getTransaction(hash)) ?? undefined
  } catch (error) {
    throw asChainError(error, 'reading the transaction of a proof')
  }
}

/** Another contract than ours that a transaction calls, if it does: that one has called the market. */
function throughOf({ contracts: { addresses } }: Client, { to }: TransactionResponse): string | undefined {
  return to === null || to === addresses.market || to === addresses.relay ? undefined : to
}

function check(right: boolean, what: string, transaction: Bytes32, want: Hex): void {
  if (right) return
  throw clientError(
    'CLIENT_PROOF_MISMATCH',
    `the ${what} in transaction ${transaction} are not those the chain names`,
    {
      details: { transaction, want },
    },
  )
}
