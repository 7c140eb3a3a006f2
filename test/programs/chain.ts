import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import { concat, Contract, getBytes, hexlify, type ContractTransactionResponse } from 'ethers'
import { network } from 'hardhat'

import { creationCode } from '../../programs/support/solc.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { CONTEXT } from './support.js'

const ABI = [
  'function verify(bytes32 workload, address prover, bytes publicInputs, bytes proof) view returns (bool valid)',
]

/** What a verifier contract says on a real chain. */
export type Answer = 'valid' | 'not valid' | 'reverted'

/** A verifier contract on a simulated chain with the rules of a real one. */
export class OnChain {
  readonly #ethers: HardhatEthers
  readonly #contract: Contract
  readonly #gas: number

  private constructor(ethers: HardhatEthers, contract: Contract, gas: number) {
    this.#ethers = ethers
    this.#contract = contract
    this.#gas = gas
  }

  /** @param constructorArguments ABI-encoded. @param hardfork Rules of the chain; default those of hardhat.config.ts. */
  static async deploy(
    { name, source, gas, code }: BuiltProgram['contract'],
    constructorArguments: Uint8Array = new Uint8Array(),
    hardfork?: 'cancun',
  ): Promise<OnChain> {
    const { ethers } = await network.create({ network: 'default', ...(hardfork && { override: { hardfork } }) })
    const [signer] = await ethers.getSigners()
    const data = hexlify(concat([code ?? creationCode(source, name), constructorArguments]))
    const transaction = await signer!.sendTransaction({ data })
    const receipt = await transaction.wait()
    return new OnChain(ethers, new Contract(receipt!.contractAddress!, ABI, signer), gas)
  }

  /** Calls `verify` with the gas that the program's `program.json` gives it, and no more. */
  async answer(publicInputs: Uint8Array, proof: Uint8Array, context = CONTEXT): Promise<Answer> {
    const call = await this.#call(publicInputs, proof, context)
    // Very long proofs cost more by their length (EIP-7623) than the call may use: then it has more than its share.
    const least = floorGas(call.data)
    const given = BigInt(this.#gas) + intrinsicGas(call.data)
    try {
      const word = await this.#ethers.provider.call({ ...call, gasLimit: given < least ? least : given })
      return BigInt(word) === 1n && word.length === 66 ? 'valid' : 'not valid'
    } catch {
      return 'reverted'
    }
  }

  /** Gas of the verification alone, without the price of the transaction and its calldata. */
  async gasUsed(publicInputs: Uint8Array, proof: Uint8Array): Promise<number> {
    const call = await this.#call(publicInputs, proof, CONTEXT)
    const [signer] = await this.#ethers.getSigners()
    const transaction = (await signer!.sendTransaction({
      ...call,
      gasLimit: 5_000_000n,
    })) as ContractTransactionResponse
    const receipt = await transaction.wait()
    return Number(receipt!.gasUsed - intrinsicGas(call.data))
  }

  async #call(
    publicInputs: Uint8Array,
    proof: Uint8Array,
    { workload, prover }: typeof CONTEXT,
  ): Promise<{ to: string; data: string }> {
    const data = this.#contract.interface.encodeFunctionData('verify', [workload, prover, publicInputs, proof])
    return { to: await this.#contract.getAddress(), data }
  }
}

function intrinsicGas(data: string): bigint {
  const { zeros, others } = countBytes(data)
  return 21_000n + 4n * zeros + 16n * others
}

/** The least gas limit that a transaction with this calldata may have. */
function floorGas(data: string): bigint {
  const { zeros, others } = countBytes(data)
  return 21_000n + 10n * zeros + 40n * others
}

function countBytes(data: string): { readonly zeros: bigint; readonly others: bigint } {
  const bytes = getBytes(data)
  const zeros = bytes.filter((byte) => byte === 0).length
  return { zeros: BigInt(zeros), others: BigInt(bytes.length - zeros) }
}
