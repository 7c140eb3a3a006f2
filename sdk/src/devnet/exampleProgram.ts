import type { Signer } from 'ethers'
import type { Address, ProgramId } from '../chain/hex.js'
import { deployProgram } from '../client/deployProgram.js'
import type { Client } from '../client/Client.js'
import { buildPackage } from '../content/buildPackage.js'
import type { ContentStore } from '../content/ContentStore.js'
import { deployContract } from '../deploy/deploy.js'
import { HASHCASH_ELF } from './generated/hashcash.js'

/** A program that is ready for workloads. */
export interface ExampleProgram {
  readonly program: ProgramId
  readonly verifier: Address
}

const VERIFIER_GAS = 200_000

/**
 * Deploys the example program: it finds eight bytes that, hashed behind up to 4,096 bytes called `public_inputs` with sha-256, give twelve
 * leading zero bits. A real proof of work, made within a fraction of a second, and checked on chain.
 */
export async function deployExample(client: Client, owner: Signer, store: ContentStore): Promise<ExampleProgram> {
  const { digest } = await buildPackage(
    {
      name: 'hashcash',
      role: 'prove',
      argv: ['/app/hashcash'],
      resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
      files: [{ path: 'hashcash', source: Buffer.from(HASHCASH_ELF, 'base64'), executable: true }],
    },
    store,
  )
  const { address: verifier } = await deployContract(owner, 'HashcashVerifier')
  const { program } = await deployProgram(client, { prover: digest, verifier, verifierGas: VERIFIER_GAS })
  return { program, verifier }
}
