import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM, type EVM } from '@ethereumjs/evm'
import { type Address, bytesToHex } from '@ethereumjs/util'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** The arguments of `IProofVerifier.verify`. */
export interface VerifyCall {
  readonly workload: string
  readonly prover: string
  readonly publicInputs: Uint8Array
  readonly proof: Uint8Array
}

/** What a verifier contract answered. */
export interface Verdict {
  /** Why the proof is not valid; absent if it is. */
  readonly error?: string
  readonly gas: bigint
}

const SELECTOR = keccak_256(new TextEncoder().encode('verify(bytes32,address,bytes,bytes)')).subarray(0, 4)
const DEPLOYMENT_GAS = 16_000_000n

/** Runs a verifier contract in an EVM of its own: off chain the very code decides that would decide on chain. */
export class ContractVerifier {
  readonly #evm: EVM
  readonly #address: Address

  private constructor(evm: EVM, address: Address) {
    this.#evm = evm
    this.#address = address
  }

  /** @param creationCode What the compiler made of the contract. */
  static async create(creationCode: Uint8Array): Promise<ContractVerifier> {
    const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Prague }) })
    const { createdAddress, execResult } = await evm.runCall({ data: creationCode, gasLimit: DEPLOYMENT_GAS })
    if (createdAddress === undefined || execResult.exceptionError !== undefined)
      throw new Error('the verifier contract cannot be deployed')
    return new ContractVerifier(evm, createdAddress)
  }

  /** Calls `verify` as the market does: with a gas cap, and anything but the word 1 means "not valid". */
  async verify(call: VerifyCall, gas: number): Promise<Verdict> {
    const { execResult } = await this.#evm.runCall({
      to: this.#address,
      data: encode(call),
      gasLimit: BigInt(gas),
      isStatic: true,
    })
    const used = { gas: execResult.executionGasUsed }
    const { exceptionError, returnValue } = execResult
    if (exceptionError !== undefined)
      return { ...used, error: `${exceptionError.error} ${bytesToHex(returnValue.subarray(0, 4))}`.trim() }
    const valid = returnValue.length === 32 && returnValue.every((byte, index) => byte === (index === 31 ? 1 : 0))
    return valid ? used : { ...used, error: 'the verifier contract answered no' }
  }
}

/** The calldata, by hand: an ABI library would be most of the package. */
function encode({ workload, prover, publicInputs, proof }: VerifyCall): Uint8Array {
  const word = (value: number): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
  const dynamic = (bytes: Uint8Array): Buffer =>
    Buffer.concat([word(bytes.length), bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)])
  const first = dynamic(publicInputs)
  return Buffer.concat([
    ...[SELECTOR, hexWord(workload), hexWord(prover), word(4 * 32), word(4 * 32 + first.length)],
    ...[first, dynamic(proof)],
  ])
}

function hexWord(value: string): Buffer {
  return Buffer.from(value.slice(2).padStart(64, '0'), 'hex')
}
