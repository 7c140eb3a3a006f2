import { isAddress, isHexString, ZeroAddress } from 'ethers'
import type { Hex } from '../../chain/hex.js'
import { aztecError } from '../../errors/codes/aztec.js'

/** Most checkpoints of an epoch: each has a recipient and a value of fees. */
export const MAX_EPOCH_CHECKPOINTS = 32

/** An epoch's proof as Aztec's rollup takes it. Source: `submitEpochRootProof` of the rollup of release 4.1.2. */
export interface EpochRootProof {
  /** First checkpoint, inclusive: the first of its epoch. */
  readonly start: bigint
  /** Last checkpoint, inclusive. */
  readonly end: bigint
  readonly args: {
    /** 32 bytes: archive root before the first checkpoint. */
    readonly previousArchive: Hex
    /** 32 bytes: archive root after the last. */
    readonly endArchive: Hex
    /** 32 bytes: root of the epoch's messages to L1. */
    readonly outHash: Hex
    /** Who earns. It is bound into the proof: it cannot be chosen now. */
    readonly proverId: Hex
  }
  /** Recipient and value of each checkpoint in turn, 64 words; zeros behind the last. */
  readonly fees: readonly Hex[]
  /** The committee's attestations for the last checkpoint; both empty without a committee. */
  readonly attestations: { readonly signatureIndices: Hex; readonly signaturesOrAddresses: Hex }
  /** The batched blob opening: it comes from the orchestrator, not from the root's result. */
  readonly blobInputs: Hex
  /** The root's proof without its public inputs. */
  readonly proof: Hex
}

/**
 * Checks the form of a proof, and that it names the prover that is expected to earn.
 * @throws GevulotError AZTEC_PROOF_MALFORMED
 */
export function checkEpochRootProof(proof: EpochRootProof, proverId: Hex): void {
  const { start, end, args, fees, attestations, blobInputs, proof: bytes } = proof
  if (start < 1n || end < start || end - start >= BigInt(MAX_EPOCH_CHECKPOINTS)) {
    throw malformed(`checkpoints ${start} to ${end} are no epoch`)
  }
  for (const [name, word] of Object.entries({ ...args, proverId: undefined })) {
    if (word !== undefined && !isHexString(word, 32)) throw malformed(`${name} is not 32 bytes`)
  }
  if (!isAddress(args.proverId) || args.proverId === ZeroAddress) throw malformed('proverId is not an address')
  if (args.proverId.toLowerCase() !== proverId.toLowerCase()) {
    throw malformed(`the proof is ${args.proverId}'s, not ${proverId}'s`, { have: args.proverId, want: proverId })
  }
  if (fees.length !== 2 * MAX_EPOCH_CHECKPOINTS || !fees.every((word) => isHexString(word, 32))) {
    throw malformed(`fees are not ${2 * MAX_EPOCH_CHECKPOINTS} words`)
  }
  for (const [name, value] of Object.entries({ ...attestations, blobInputs, proof: bytes })) {
    if (!isHexString(value) || value.length % 2 !== 0) throw malformed(`${name} is not bytes`)
  }
}

function malformed(what: string, details?: Readonly<Record<string, unknown>>): Error {
  return aztecError('AZTEC_PROOF_MALFORMED', `the epoch's proof: ${what}`, details === undefined ? {} : { details })
}
