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

/** Facts of the chain that nothing but a reorg changes, read once. */
export class ChainFacts {
  readonly #contracts: Contracts
  readonly #events: EventStore
  readonly #pins = new Map<ProgramId, Pin>()
  #rules = new Map<number, Rules>()
  #programs = new Map<ProgramId, KnownProgram>()

  constructor(contracts: Contracts, events: EventStore) {
    this.#contracts = contracts
    this.#events = events
  }

  /** Forgets what a reorg may have changed: which rules have a number, and where a program was said to be. */
  refresh(): void {
    this.#rules = new Map()
    this.#programs = new Map()
  }

  /** @throws GevulotError CHAIN_RPC_UNAVAILABLE */
  async rules(number: number): Promise<Rules> {
    // An answer that comes after they were forgotten is kept by nobody.
    const rules = this.#rules
    const known = rules.get(number) ?? (await readRules(this.#contracts, number))
    rules.set(number, known)
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
    const programs = this.#programs
    const known = programs.get(id)
    if (known !== undefined) return known
    const deployed = await this.#events.deploymentOf(id)
    if (deployed === undefined) return undefined
    const { spec, uri } = deployed.args
    const program = { program: spec, uris: uri === '' ? [] : [uri] }
    programs.set(id, program)
    return program
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
