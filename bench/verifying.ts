import { FunctionFragment, getBytes, hexlify, Interface } from 'ethers'
import { network } from 'hardhat'

import type { BuiltProgram } from '../programs/support/program.js'
import { creationCode } from '../programs/support/solc.js'

/** Another interface of a verifier: that of those who wrote the prototype's, which knows neither workload nor prover. */
export interface Bare {
  readonly signature: string
  /** The contract that has it; default the program's own. */
  readonly contract?: BuiltProgram['contract']
  readonly arguments: (publicInputs: Uint8Array, proof: Uint8Array) => readonly unknown[]
}

/** What a transaction that only verifies costs. */
export interface VerifyingGas {
  readonly gas: number
  /** Called through the other interface. */
  readonly bare?: number
  /** What this network's interface costs more than the other one where the answer costs nothing: calldata and its decoding. */
  readonly binding: number
}

const VERIFY = 'function verify(bytes32 workload, address prover, bytes publicInputs, bytes proof)'
const SUPPORT = 'test/support/contracts'
const GAS = 5_000_000

/** The verifier that bb writes. Ours has that interface too, towards itself. */
export const BB: Bare = {
  signature: 'function verify(bytes proof, bytes32[] publicInputs)',
  arguments: (publicInputs, proof) => [proof, words(publicInputs)],
}

/** The verifier that snarkjs writes for two public inputs. */
export const SNARKJS: Bare = {
  signature: 'function verifyProof(uint256[2] a, uint256[2][2] b, uint256[2] c, uint256[2] inputs)',
  contract: { name: 'BareSudokuVerifier', source: `${SUPPORT}/BareSudokuVerifier.sol`, gas: GAS },
  arguments: (publicInputs, proof) => {
    const [ax, ay, bx1, bx0, by1, by0, cx, cy] = words(proof)
    return [
      [ax, ay],
      [
        [bx1, bx0],
        [by1, by0],
      ],
      [cx, cy],
      words(publicInputs),
    ]
  },
}

/** Verifies a proof on a chain, as the market calls a verifier and, if there is a way, bare. */
export async function verifyingGas(
  contract: BuiltProgram['contract'],
  context: { readonly workload: string; readonly prover: string },
  publicInputs: Uint8Array,
  proof: Uint8Array,
  bare?: Bare,
): Promise<VerifyingGas> {
  const { workload, prover } = context
  const ours = encode(VERIFY, [workload, prover, publicInputs, proof])
  const gas = await transactionGas(contract, ours)
  if (bare === undefined) return { gas, binding: 0 }
  const theirs = encode(bare.signature, bare.arguments(publicInputs, proof))
  return {
    gas,
    bare: await transactionGas(bare.contract ?? contract, theirs),
    binding: (await interfaceGas(ours)) - (await interfaceGas(theirs)),
  }
}

/** What a call costs before there is anything to verify. A whole transaction would show the floor price of its calldata (EIP-7623) instead. */
async function interfaceGas(data: string): Promise<number> {
  const { ethers, to } = await deploy({ name: 'YesVerifier', source: `${SUPPORT}/YesVerifier.sol`, gas: GAS })
  const trace: unknown = await ethers.provider.send('debug_traceCall', [{ to, data }, 'latest'])
  const steps = (trace as { readonly structLogs: readonly { readonly gas: number }[] }).structLogs
  const [first, last] = [steps.at(0), steps.at(-1)]
  if (first === undefined || last === undefined) throw new Error('nothing was traced')
  const calldata = getBytes(data).reduce((price, byte) => price + (byte === 0 ? 4 : 16), 0)
  return calldata + Number(first.gas) - Number(last.gas)
}

async function transactionGas(contract: BuiltProgram['contract'], data: string): Promise<number> {
  const { ethers, signer, to } = await deploy(contract)
  if (BigInt(await ethers.provider.call({ to, data })) !== 1n) throw new Error(`${contract.name} refuses the proof`)
  const receipt = await (await signer.sendTransaction({ to, data, gasLimit: GAS })).wait()
  return Number(receipt?.gasUsed)
}

async function deploy({ source, name, code }: BuiltProgram['contract']) {
  const { ethers } = await network.create()
  const [signer] = await ethers.getSigners()
  if (signer === undefined) throw new Error('the chain has no account')
  const receipt = await (await signer.sendTransaction({ data: hexlify(code ?? creationCode(source, name)) })).wait()
  const to = receipt?.contractAddress
  if (to === undefined || to === null) throw new Error(`${name} was not deployed`)
  return { ethers, signer, to }
}

function encode(signature: string, values: readonly unknown[]): string {
  const [fragment] = new Interface([signature]).fragments
  if (!FunctionFragment.isFragment(fragment)) throw new Error(`${signature} is no function`)
  return new Interface([fragment]).encodeFunctionData(fragment, values)
}

function words(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length / 32 }, (_, index) => hexlify(bytes.subarray(32 * index, 32 * index + 32)))
}
