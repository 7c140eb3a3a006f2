import {
  asChainError,
  readJudgingLists,
  type Contracts,
  type JudgingLists,
  type Judgment,
  type WorkloadId,
} from '../../chain/index.js'
import { IBeacon__factory } from '../../chain/generated/factories/IBeacon__factory.js'
import type { Rules } from '../../chain/index.js'
import type { TxRequest } from '../publish/TxOutcome.js'
import type { Dossier } from './Dossier.js'

/** A signed verdict of one member. */
export interface SignedVerdict {
  /** Number of the member in its committee. */
  readonly member: number
  /** Valid proofs: bit k for commit order k. */
  readonly valid: number
  /** EIP-2098 signature, 64 bytes. */
  readonly r: string
  readonly vs: string
}

/** Encodes the acts of a judging as transactions. Anyone may send them. */
export class CommitteeCalls {
  readonly #contracts: Contracts

  constructor(contracts: Contracts) {
    this.#contracts = contracts
  }

  open({ workload, spec }: Dossier, attempt: number): TxRequest {
    return this.#of('open', workload, attempt, this.#abi.encodeFunctionData('open', [spec]))
  }

  draw({ workload, spec }: Dossier, attempt: number, { reveals, unrevealed }: JudgingLists): TxRequest {
    const data = this.#abi.encodeFunctionData('draw', [spec, [...reveals], [...unrevealed]])
    return this.#of('draw', workload, attempt, data)
  }

  /** @param deadline Last second for answers. */
  post(workload: WorkloadId, attempt: number, verdicts: readonly SignedVerdict[], deadline: number): TxRequest {
    const data = this.#abi.encodeFunctionData('post', [workload, [...verdicts]])
    return { ...this.#of('post', workload, attempt, data), priority: 'proof', deadline }
  }

  /** What brings a judging on, if it waits for somebody: opens an attempt, or draws its committee once the round is out. */
  async next(dossier: Dossier, judgment: Judgment, rules: Rules): Promise<TxRequest | undefined> {
    const { stage, attempts, attempt, round } = judgment
    if (stage === 'None' || stage === 'Failed') return this.open(dossier, attempts + 1)
    // The beacon named no round when the attempt was opened: the simulation says whether it does now.
    if (stage === 'Drawing' && round === 0) return this.open(dossier, attempt)
    if (stage !== 'Drawing' || !(await this.#isRoundOut(rules, round))) return undefined
    const lists = await readJudgingLists(this.#contracts, dossier.workload, dossier.events)
    return this.draw(dossier, attempt, lists)
  }

  async #isRoundOut({ beacon }: Rules, round: number): Promise<boolean> {
    const { provider } = this.#contracts
    try {
      return BigInt(await IBeacon__factory.connect(beacon, provider).value(round, { blockTag: 'pending' })) !== 0n
    } catch (error) {
      throw asChainError(error, `reading beacon round ${round}`)
    }
  }

  get #abi() {
    return this.#contracts.committee.interface
  }

  #of(act: string, workload: WorkloadId, attempt: number, data: string): TxRequest {
    const key = `${act}/${workload}/${attempt}`
    const to = this.#contracts.addresses.committee
    return { key, to, data, priority: 'keeper', about: { workload, stage: 'verify', act, attempt } }
  }
}
