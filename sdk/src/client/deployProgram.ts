import { asChainError } from '../chain/asChainError.js'
import {
  toAddress,
  toBytes32,
  toProgramId,
  ZERO_ADDRESS,
  ZERO_BYTES32,
  type Hex,
  type ProgramId,
} from '../chain/hex.js'
import { parseDigest } from '../content/digest.js'
import { checkUri } from './checkUri.js'
import { needed, type Client } from './Client.js'
import { send, type SendOptions } from './send.js'
import { call } from './call.js'

/** Parameters of {@link deployProgram}. */
export interface DeployProgramParams extends SendOptions {
  /** sha-256 (hex or CID) of the prover package's manifest, see `buildPackage`. */
  readonly prover: string
  /** sha-256 (hex or CID) of the verifier package's manifest; needed without a verifier contract. */
  readonly verifierProgram?: string
  /** Verifier contract; its code hash is pinned. Without one a committee runs the verifier package and decides. */
  readonly verifier?: Hex
  /** Gas one verification may use; default 1 000 000, without a contract 0. */
  readonly verifierGas?: number
  /** Hardware class; default 1. */
  readonly class?: number
  /** Whether the proof binds the prover's address; default false. */
  readonly bindsProver?: boolean
  /** Where the packages can be fetched; a hint, the digests alone are trusted. */
  readonly uri?: string
}

/** Result of {@link deployProgram}. */
export interface DeployedProgram {
  readonly program: ProgramId
  /** False when the same program was there before: then nothing was sent. */
  readonly created: boolean
}

/**
 * Deploys a program. The same program has the same id whoever deploys it, so repeating the call is harmless.
 * @example
 * const { program } = await client.deployProgram({ prover: proverPackage.digest, verifier: verifierAddress })
 * @throws GevulotError CONTRACT_INVALID_PROGRAM, CONTENT_DIGEST_INVALID, CLIENT_URI_INVALID, `CHAIN_*`
 */
export function deployProgram(client: Client, params: DeployProgramParams): Promise<DeployedProgram> {
  return call(client, params, async (client) => {
    const doing = 'deploying a program'
    const { market } = client.contracts
    const program = {
      prover: parseDigest(params.prover),
      verifierProgram: params.verifierProgram === undefined ? ZERO_BYTES32 : parseDigest(params.verifierProgram),
      verifier: params.verifier === undefined ? ZERO_ADDRESS : toAddress(params.verifier),
      verifierGas: params.verifierGas ?? (params.verifier === undefined ? 0 : 1_000_000),
      class: params.class ?? 1,
      bindsProver: params.bindsProver ?? false,
    }
    const uri = checkUri(params.uri ?? '')
    const from = needed(client, 'account', doing)
    let id: ProgramId
    let known: boolean
    try {
      id = toProgramId(toBytes32(await market.deployProgram.staticCall(program, uri, { from })))
      const { verifier, judged } = await market.programOf(id)
      known = judged || BigInt(verifier) !== 0n
    } catch (error) {
      throw asChainError(error, doing)
    }
    if (known) return { program: id, created: false }
    await send(client, doing, () => market.deployProgram.populateTransaction(program, uri), params)
    return { program: id, created: true }
  })
}
