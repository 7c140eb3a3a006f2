import { Signature, verifyTypedData, type Signer } from 'ethers'
import type { Address, Bytes32, Hex, WorkloadId } from './hex.js'
import { toAddress } from './hex.js'

/** The committee contract a verdict is for: a signature for one is worth nothing at another. */
export interface VerdictDomain {
  readonly chainId: number
  readonly committee: Address
}

/** What a member of a committee signs. Mirrors the contract's EIP-712 type. */
export interface Verdict {
  readonly workload: WorkloadId
  /** From 1; the appeal is number 4. */
  readonly attempt: number
  /** Chained hash of the reveals that were judged. */
  readonly proofs: Bytes32
  /** Valid proofs: bit k for commit order k. */
  readonly valid: number
}

const TYPES = {
  Verdict: [
    { name: 'workload', type: 'bytes32' },
    { name: 'attempt', type: 'uint256' },
    { name: 'proofs', type: 'bytes32' },
    { name: 'valid', type: 'uint256' },
  ],
}

/** Signs a verdict. Two different ones on the same proofs and attempt cost the signer's seats their slash. */
export async function signVerdict(
  signer: Pick<Signer, 'signTypedData'>,
  domain: VerdictDomain,
  verdict: Verdict,
): Promise<Hex> {
  return (await signer.signTypedData(domainOf(domain), TYPES, messageOf(verdict))) as Hex
}

/** Who signed a verdict; undefined when the signature is none. */
export function signerOfVerdict(domain: VerdictDomain, verdict: Verdict, signature: string): Address | undefined {
  try {
    return toAddress(verifyTypedData(domainOf(domain), TYPES, messageOf(verdict), signature))
  } catch {
    return undefined
  }
}

/** A signature in the two words the contract takes (EIP-2098). */
export function compactSignature(signature: Hex): { readonly r: Hex; readonly vs: Hex } {
  const { r, yParityAndS } = Signature.from(signature)
  return { r: r as Hex, vs: yParityAndS as Hex }
}

function domainOf({ chainId, committee }: VerdictDomain) {
  return { name: 'Gevulot Committee', version: '1', chainId, verifyingContract: committee }
}

function messageOf({ workload, attempt, proofs, valid }: Verdict) {
  return { workload, attempt, proofs, valid }
}
