import { Contract, type Provider } from 'ethers'
import type { DeployedContract } from '../chain/deployment.js'

/** Contracts that hold or pay tokens. Each is told its token by itself, and none can ask the others. */
export const TOKEN_ROLES = ['market', 'registry', 'committee', 'rewards'] as const

/**
 * Checks that the contracts of a deployment hold the same token. It is part of their code, so the recorded hashes keep it true.
 * @throws Error naming the contract that holds another one
 */
export async function assertOneToken(
  provider: Provider,
  contracts: Readonly<Record<'token' | (typeof TOKEN_ROLES)[number], Pick<DeployedContract, 'address'>>>,
): Promise<void> {
  const want = contracts.token.address
  for (const role of TOKEN_ROLES) {
    const have = String(await new Contract(contracts[role].address, TOKEN_ABI, provider).getFunction('token')())
    if (have !== want) throw new Error(`the token of the ${role} is ${have}, that of the network ${want}`)
  }
}

const TOKEN_ABI = ['function token() view returns (address)']
