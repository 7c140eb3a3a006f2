import {
  asChainError,
  readPin,
  readRules,
  type Contracts,
  type Pin,
  type Program,
  type ProgramId,
  type Rules,
  type WorkloadId,
} from '../../chain/index.js'
import type { EventStore } from '../store/EventStore.js'

/** A program as it was deployed. */
export interface KnownProgram {
  readonly program: Program
  /** Where its packages can be fetched; hints. */
  readonly uris: readonly string[]
}

/** Facts of the chain that never change, read once. */
export class ChainFacts {
  readonly #contracts: Contracts
  readonly #events: EventStore
  readonly #rules = new Map<number, Rules>()
  readonly #pins = new Map<ProgramId, Pin>()
  #programs = new Map<string, KnownProgram>()

  constructor(contracts: Contracts, events: EventStore) {
    this.#contracts = contracts
    this.#events = events
  }

  /** @throws GevulotError CHAIN_RPC_UNAVAILABLE */
  async rules(number: number): Promise<Rules> {
    const known = this.#rules.get(number) ?? (await readRules(this.#contracts, number))
    this.#rules.set(number, known)
    return known
  }

  /** What the market has to be passed of a program. @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CHAIN_RPC_UNAVAILABLE */
  async pin(program: ProgramId): Promise<Pin> {
    const known = this.#pins.get(program) ?? (await readPin(this.#contracts, program))
    this.#pins.set(program, known)
    return known
  }

  /** The program, if its deployment is among the stored events. */
  async program(id: ProgramId): Promise<KnownProgram | undefined> {
    if (!this.#programs.has(id)) {
      const programs = new Map<string, KnownProgram>()
      for (const { args } of await this.#events.named('ProgramDeployed')) {
        const uris = [...(programs.get(args.program)?.uris ?? []), args.uri].filter((uri) => uri !== '')
        programs.set(args.program, { program: args.spec, uris })
      }
      this.#programs = programs
    }
    return this.#programs.get(id)
  }

  /** Slots open to any operator now. @throws GevulotError CHAIN_RPC_UNAVAILABLE */
  async openSlots(workload: WorkloadId): Promise<number> {
    try {
      return Number(await this.#contracts.market.openSlots(workload, { blockTag: 'pending' }))
    } catch (error) {
      throw asChainError(error, `reading the open slots of ${workload}`)
    }
  }
}
