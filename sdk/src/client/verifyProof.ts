import { isError, keccak256 } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import { IProofVerifier__factory } from '../chain/generated/factories/IProofVerifier__factory.js'
import type { Hex } from '../chain/hex.js'
import { clientError } from '../errors/codes/client.js'
import type { Client } from './Client.js'
import { getPinnedProgram } from './getProgram.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link verifyProof}. */
export interface VerifyProofParams extends CallOptions {
  readonly program: Hex
  readonly workload: Hex
  /** Operator that made the proof; programs that bind it into the statement need it. */
  readonly prover: Hex
  readonly publicInputs: Uint8Array
  readonly proof: Uint8Array
}

/** A verdict. */
export type Verification = { readonly valid: true } | { readonly valid: false; readonly reason: string }

// What a call costs before the verifier's first instruction, with every byte at the price of EIP-7623's floor.
const INTRINSIC_GAS = 21_000n
const GAS_PER_BYTE = 40n

/**
 * Runs the pinned verifier contract on a proof with the gas the market would give it, without a transaction. The contract's
 * code must be the pinned code.
 * @throws GevulotError CLIENT_VERIFIER_CHANGED, CONTRACT_NO_VERIFIER_CONTRACT, CONTRACT_UNKNOWN_PROGRAM, `CHAIN_*`
 */
export function verifyProof(client: Client, params: VerifyProofParams): Promise<Verification> {
  return call(client, params, async (client) => {
    const { provider } = client.contracts
    const program = await getPinnedProgram(client, params)
    if (program.judged) throw contractError('NoVerifierContract', 'verifying a proof', { program: program.program })
    const { publicInputs, proof } = params
    try {
      const code = await provider.getCode(program.verifier)
      if (keccak256(code) !== program.codeHash) {
        throw clientError('CLIENT_VERIFIER_CHANGED', `the code of verifier ${program.verifier} is not the pinned one`)
      }
      const gasLimit =
        INTRINSIC_GAS + GAS_PER_BYTE * BigInt(publicInputs.length + proof.length + 256) + BigInt(program.verifierGas)
      const verifier = IProofVerifier__factory.connect(program.verifier, provider)
      const valid = await verifier.verify(params.workload, params.prover, publicInputs, proof, { gasLimit })
      return valid ? { valid } : { valid, reason: 'the verifier contract says no' }
    } catch (error) {
      // The market takes a revert, and an answer that is no boolean, as "not valid".
      if (isError(error, 'CALL_EXCEPTION') || isError(error, 'BAD_DATA'))
        return { valid: false, reason: error.shortMessage }
      throw asChainError(error, 'verifying a proof')
    }
  })
}
