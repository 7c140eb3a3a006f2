import { Contract, type Provider, type Signer, type TransactionReceipt } from 'ethers'
import { asChainError } from '../../chain/asChainError.js'
import { toAddress, type Hex } from '../../chain/hex.js'
import { systemClock } from '../../clock.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { chainError } from '../../errors/codes/chain.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { sendWithMargin } from '../sendWithMargin.js'
import { checkEpochRootProof, type EpochRootProof } from './EpochRootProof.js'
import { ROLLUP } from './rollupInterface.js'
import { rollupRefusal } from './rollupRefusal.js'

/** What posting needs. */
export interface SubmitEpochRootProofOptions {
  /** Address of the rollup contract on L1. */
  readonly rollup: Hex
  /** Pays the gas, and plays no other part: the proof says who earns. With a provider. */
  readonly signer: Signer
  readonly proof: EpochRootProof
  /** Who is to earn, as it was configured before proving; a proof that names another is not sent. It may be a contract. */
  readonly proverId: Hex
  /** Blocks that have to include the transaction; default 1. */
  readonly confirmations?: number
  /** Milliseconds until the wait for them ends; default 180 000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What came of it. */
export interface PostedEpoch {
  /** posted: by this call. already: the rollup had this prover's proof before, by whoever sent it. */
  readonly status: 'posted' | 'already'
  readonly epoch: bigint
  /** The last proven checkpoint now. */
  readonly proven: bigint
  readonly transaction?: Hex
  readonly gasUsed?: bigint
}

const TIMEOUT_MS = 180_000
const LOOK_MS = 1_000
const DOING = "posting an epoch's proof"

/**
 * Posts a finished proof of an epoch to Aztec's rollup. It may be called again at any time: a proof that the rollup has is not sent twice. Nothing is
 * sent that would revert now; a race that is lost between the look and the block is told from a refusal.
 * @throws GevulotError AZTEC_PROOF_MALFORMED, AZTEC_PROOF_LATE, AZTEC_PROOF_EARLY, AZTEC_PROOF_NOT_OF_EPOCH, AZTEC_PROOF_REFUSED,
 * AZTEC_ATTESTATIONS_REFUSED, AZTEC_CHAIN_MOVED, `CHAIN_*`; the reason of `signal`.
 */
export async function submitEpochRootProof(options: SubmitEpochRootProofOptions): Promise<PostedEpoch> {
  const { signer, proof, proverId, signal } = options
  const rollup = toAddress(options.rollup)
  const { provider } = signer
  if (provider === null) throw chainError('CHAIN_SIGNER_MISSING', `${DOING} needs a signer with a provider`)
  checkEpochRootProof(proof, proverId)
  signal?.throwIfAborted()
  const contract = new Contract(rollup, ROLLUP, provider)
  const epoch = await epochOf(contract, proof)
  const already = async (): Promise<PostedEpoch> => ({ status: 'already', epoch, proven: await provenOf(contract) })
  if (await hasSubmitted(contract, epoch, proof)) return already()

  const call = { to: rollup, data: ROLLUP.encodeFunctionData('submitEpochRootProof', [proof]) }
  let hash: string
  try {
    ;({ hash } = await sendWithMargin(signer, call, signal))
  } catch (error) {
    signal?.throwIfAborted()
    const refusal = rollupRefusal(error)
    if (refusal === undefined) return already()
    throw refusal
  }
  const receipt = await receiptOf(provider, hash, options)
  if (receipt.status === 1) {
    const { gasUsed } = receipt
    return { status: 'posted', epoch, proven: await provenOf(contract), transaction: hash as Hex, gasUsed }
  }
  if (await hasSubmitted(contract, epoch, proof)) return already()
  throw await reasonOf(provider, { ...call, from: await signer.getAddress() }, receipt)
}

/** A checkpoint that the rollup does not know was pruned, or its chain was reorganised. */
async function epochOf(contract: Contract, { start }: EpochRootProof): Promise<bigint> {
  try {
    return (await contract.getFunction('getEpochForCheckpoint')(start)) as bigint
  } catch (error) {
    throw rollupRefusal(error) ?? asChainError(error, DOING)
  }
}

async function hasSubmitted(contract: Contract, epoch: bigint, { start, end, args }: EpochRootProof): Promise<boolean> {
  try {
    return (await contract.getFunction('getHasSubmitted')(epoch, end - start + 1n, args.proverId)) as boolean
  } catch (error) {
    throw asChainError(error, DOING)
  }
}

async function provenOf(contract: Contract): Promise<bigint> {
  try {
    return (await contract.getFunction('getProvenCheckpointNumber')()) as bigint
  } catch (error) {
    throw asChainError(error, DOING)
  }
}

/** Reads the chain anew at every look: a wait for the next block would miss a transaction whose block came before it, where no other follows. */
async function receiptOf(
  provider: Provider,
  hash: string,
  { confirmations = 1, timeoutMs = TIMEOUT_MS, signal }: SubmitEpochRootProofOptions,
): Promise<TransactionReceipt> {
  const giveUpAt = systemClock.elapsed() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    try {
      const receipt = await provider.getTransactionReceipt(hash)
      if (receipt !== null && (await receipt.confirmations()) >= confirmations) return receipt
    } catch (error) {
      const problem = asChainError(error, DOING)
      if (!GevulotError.is(problem, 'CHAIN_RPC_UNAVAILABLE')) throw problem
    }
    const left = giveUpAt - systemClock.elapsed()
    if (left <= 0) break
    await systemClock.sleep(Math.min(LOOK_MS, left), signal).catch(() => signal?.throwIfAborted())
  }
  throw aztecError('AZTEC_PROOF_PENDING', `${DOING}: transaction ${hash} is not in the chain yet`, {
    details: { transaction: hash },
  })
}

/** Repeats a reverted transaction in the state that it met. */
async function reasonOf(
  provider: Provider,
  call: { readonly to: string; readonly from: string; readonly data: string },
  { hash, blockNumber }: TransactionReceipt,
): Promise<Error> {
  try {
    await provider.call({ ...call, blockTag: blockNumber })
  } catch (error) {
    const refusal = rollupRefusal(error)
    if (refusal !== undefined) return refusal
  }
  return chainError('CHAIN_TRANSACTION_REVERTED', `${DOING}: the transaction reverted`, {
    details: { transaction: hash, block: blockNumber },
  })
}
