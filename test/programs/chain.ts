import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import { concat, Contract, getBytes, hexlify, type ContractTransactionResponse } from 'ethers'
import { network } from 'hardhat'

import { creationCode } from '../../programs/support/solc.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { CONTEXT } from './support.js'

const ABI = [
  'function verify(bytes32 workload, address prover, bytes publicInputs, bytes proof) view returns (bool valid)',
]

const SWEEP = [
  'function sweep(address verifier, uint256 cap, bytes data, uint256 from, uint256 to, uint256 step) view returns (bool honest, uint256 accepted, uint256 last)',
]
/** Bytes that one call of the sweep tries: some hundred verifications. */
const SWEEP_BYTES = 256
/** Gas of a block, and so of a call of the sweep: that many verifications that use all that they get. */
const BLOCK_GAS = 300_000_000n

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
    const { ethers } = await network.create({
      network: 'default',
      override: { blockGasLimit: BLOCK_GAS, ...(hardfork && { hardfork }) },
    })
    const [signer] = await ethers.getSigners()
    const data = hexlify(concat([code ?? creationCode(source, name), constructorArguments]))
    const transaction = await signer!.sendTransaction({ data })
    const receipt = await transaction.wait()
    return new OnChain(ethers, new Contract(receipt!.contractAddress!, ABI, signer), gas)
  }

  /** Calls `verify` with the gas that the program's `program.json` gives it, and no more. */
  async answer(publicInputs: Uint8Array, proof: Uint8Array, context = CONTEXT): Promise<Answer> {
    return this.#ask(await this.#call(publicInputs, proof, context))
  }

  async #ask(call: { to: string; data: string }): Promise<Answer> {
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

  /**
   * What the contract says of a proof with each byte changed in turn, asked by a contract on the same chain.
   * @param step Try every byte, or every so manieth
   * @returns whether the unchanged proof is valid, and the last of the bytes whose change is not noticed
   */
  async sweep(
    publicInputs: Uint8Array,
    proof: Uint8Array,
    step = 1,
  ): Promise<{ honest: boolean; unnoticed: number | undefined }> {
    const [signer] = await this.#ethers.getSigners()
    const code = hexlify(creationCode('test/support/contracts/ProofSweep.sol', 'ProofSweep'))
    const receipt = await (await signer!.sendTransaction({ data: code })).wait()
    const sweeper = new Contract(receipt!.contractAddress!, SWEEP, signer)
    const { to: verifier, data } = await this.#call(publicInputs, proof, CONTEXT)
    // The proof is the last argument, padded to whole words.
    const start = getBytes(data).length - Math.ceil(proof.length / 32) * 32
    let honest = true
    for (let at = 0; at < proof.length; at += step * SWEEP_BYTES) {
      const places = [start + at, start + Math.min(at + step * SWEEP_BYTES, proof.length)] as const
      const answer = sweeper['sweep']!(verifier, this.#gas, data, ...places, step) as Promise<[boolean, bigint, bigint]>
      const [isHonest, accepted, last] = await answer
      honest &&= isHonest
      if (accepted > 0n) return { honest, unnoticed: Number(last) - start }
    }
    return { honest, unnoticed: undefined }
  }

  /** The code of the contract, as it stands on the chain. */
  async code(): Promise<Uint8Array> {
    return getBytes(await this.#ethers.provider.getCode(await this.#contract.getAddress()))
  }

  /** What contracts with other code say, one after the other. Afterwards the contract has its own again. */
  async *answersOf(
    codes: Iterable<{ readonly name: string; readonly code: Uint8Array }>,
    publicInputs: Uint8Array,
    proof: Uint8Array,
  ): AsyncGenerator<{ readonly name: string; readonly answer: Answer }> {
    const own = await this.code()
    const call = await this.#call(publicInputs, proof, CONTEXT)
    const put = async (bytes: Uint8Array): Promise<unknown> =>
      this.#ethers.provider.send('hardhat_setCode', [call.to, hexlify(bytes)])
    try {
      for (const { name, code } of codes) {
        await put(code)
        yield { name, answer: await this.#ask(call) }
      }
    } finally {
      await put(own)
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
