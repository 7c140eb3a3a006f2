import { isError } from 'ethers'
import { asChainError, type Contracts } from '../../chain/index.js'
import { IProofVerifier__factory } from '../../chain/generated/factories/IProofVerifier__factory.js'
import type { KeptProof } from './ProofStore.js'
import type { WorkOrder } from './WorkOrder.js'

// What a call costs before its first instruction: the transaction, and its data at the floor price (EIP-7623).
const CALL_GAS = 21_000n
const DATA_GAS = 40n

/**
 * Whether the program's verifier contract accepts a proof, within the gas that the market will give it. A revert means
 * that it does not, as it does for the market.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function checkProof(contracts: Contracts, order: WorkOrder, kept: KeptProof): Promise<boolean> {
  const { provider } = contracts
  const abi = IProofVerifier__factory.createInterface()
  const data = abi.encodeFunctionData('verify', [order.workload, order.prover, kept.publicInputs, kept.proof])
  const gasLimit = BigInt(order.program.verifierGas) + CALL_GAS + DATA_GAS * BigInt(data.length / 2)
  try {
    const answer = await provider.call({ to: order.program.verifier, data, gasLimit })
    return answer.length === 66 && BigInt(answer) === 1n
  } catch (error) {
    if (isError(error, 'CALL_EXCEPTION')) return false
    throw asChainError(error, 'checking the proof')
  }
}
