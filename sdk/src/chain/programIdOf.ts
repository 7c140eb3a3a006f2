import { AbiCoder, keccak256 } from 'ethers'
import type { Hex, ProgramId } from './hex.js'

/** Everything that a program's id follows from. */
export interface ProgramParts {
  readonly chainId: number
  readonly market: Hex
  /** sha-256 of the prover package. */
  readonly prover: Hex
  /** sha-256 of the verifier package; zero for none. */
  readonly verifierProgram: Hex
  /** Verifier contract; zero where a committee judges. */
  readonly verifier: Hex
  /** keccak-256 of its code. */
  readonly codeHash: Hex
  readonly verifierGas: number
  readonly class: number
  readonly bindsProver: boolean
}

const DEPLOYED = 1n << 201n

/**
 * The id of a program. Whoever is told its parts by somebody else can check them: no others give the same id. Mirrors `ProgramStore._programIdOf` and
 * `contracts/libraries/Verifier.sol`.
 */
export function programIdOf(parts: ProgramParts): ProgramId {
  const { chainId, market, prover, verifierProgram, verifier, codeHash, verifierGas, bindsProver } = parts
  const coder = AbiCoder.defaultAbiCoder()
  const packages = keccak256(coder.encode(['bytes32', 'bytes32'], [prover, verifierProgram]))
  const binds = bindsProver ? 1n << 200n : 0n
  const word = BigInt(verifier) | (BigInt(verifierGas) << 160n) | (BigInt(parts.class) << 192n) | binds | DEPLOYED
  const types = ['uint256', 'address', 'bytes32', 'uint256', 'bytes32']
  return keccak256(coder.encode(types, [chainId, market, packages, word, codeHash])) as ProgramId
}
