import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import type { Program } from '../chain/events.js'
import { toProgramId, type Bytes32, type Hex, type ProgramId } from '../chain/hex.js'
import { readEvents } from '../chain/readEvents.js'
import type { Client } from './Client.js'
import { call, type CallOptions } from './call.js'

/** What the market pins of a program. */
export interface PinnedProgram {
  readonly program: ProgramId
  readonly verifier: string
  /** keccak-256 of the verifier's code. */
  readonly codeHash: Bytes32
  readonly verifierGas: number
  /** Hardware class. */
  readonly class: number
  readonly bindsProver: boolean
  /** Whether a committee judges its proofs; then `verifier` is the zero address. */
  readonly judged: boolean
}

/** A program with its packages. */
export interface ProgramDetails extends PinnedProgram {
  readonly prover: Program['prover']
  readonly verifierProgram: Program['verifierProgram']
  readonly uri: string
}

/**
 * Reads what the market pins of a program.
 * @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE
 */
export function getPinnedProgram(
  client: Client,
  params: CallOptions & { readonly program: Hex },
): Promise<PinnedProgram> {
  return call(client, params, async (client) => {
    const program = toProgramId(params.program)
    const doing = 'reading a program'
    try {
      const [verifier, codeHash, verifierGas, hardwareClass, bindsProver, judged] =
        await client.contracts.market.programOf(program)
      if (!judged && BigInt(verifier) === 0n) throw contractError('UnknownProgram', doing, { program })
      return {
        program,
        verifier,
        codeHash: codeHash as Bytes32,
        verifierGas: Number(verifierGas),
        class: Number(hardwareClass),
        bindsProver,
        judged,
      }
    } catch (error) {
      throw asChainError(error, doing)
    }
  })
}

/**
 * Reads a program with the digests of its packages, which only its event holds.
 * @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE
 */
export function getProgram(client: Client, params: CallOptions & { readonly program: Hex }): Promise<ProgramDetails> {
  return call(client, params, async (client) => {
    const pinned = await getPinnedProgram(client, params)
    const { signal } = params
    for await (const event of readEvents(client.contracts, {
      names: ['ProgramDeployed'],
      program: pinned.program,
      ...(signal && { signal }),
    })) {
      if (event.name !== 'ProgramDeployed') continue
      const { spec, uri } = event.args
      return { ...pinned, prover: spec.prover, verifierProgram: spec.verifierProgram, uri }
    }
    throw contractError('UnknownProgram', 'reading a program', { program: pinned.program })
  })
}
