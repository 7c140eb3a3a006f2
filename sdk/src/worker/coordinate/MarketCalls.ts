import { toBeHex } from 'ethers'
import {
  FAIL_REASONS,
  numberOf,
  type Contracts,
  type FailReason,
  type Hex,
  type Pin,
  type WorkloadId,
} from '../../chain/index.js'
import type { Digest } from '../../content/index.js'
import type { JobKey } from '../job/Job.js'
import type { TxPriority, TxRequest } from '../publish/TxOutcome.js'
import type { KeptProof } from '../run/ProofStore.js'
import type { Dossier } from './Dossier.js'

/** What is revealed to a committee. */
export interface ProofForCommittee {
  readonly digest: Digest
  readonly salt: Hex
  /** The proof's bytes, or none when they are to be fetched by digest. */
  readonly proof: Uint8Array
  /** Where they can be fetched; a hint. */
  readonly uri: string
}

/** Encodes the acts of a prover and a keeper as transactions. `deadline` is the last useful second. */
export class MarketCalls {
  readonly #contracts: Contracts

  constructor(contracts: Contracts) {
    this.#contracts = contracts
  }

  /** The key of a reveal, of whatever kind. */
  keyOfReveal({ workload, seat }: JobKey): string {
    return `reveal/${workload}/${seat}`
  }

  accept(key: JobKey, deadline: number): TxRequest {
    return this.#of('accept', key, 'answer', deadline, this.#abi.encodeFunctionData('accept', [key.workload, key.seat]))
  }

  decline(key: JobKey, { spec }: Dossier, deadline: number): TxRequest {
    return this.#of('decline', key, 'answer', deadline, this.#abi.encodeFunctionData('decline', [spec, key.seat]))
  }

  fail(key: JobKey, { spec }: Dossier, reason: FailReason, deadline: number | undefined): TxRequest {
    const data = this.#abi.encodeFunctionData('fail', [spec, key.seat, numberOf(FAIL_REASONS, reason)])
    return this.#of('fail', key, 'answer', deadline, data)
  }

  commit(key: JobKey, commitment: bigint, deadline: number): TxRequest {
    const data = this.#abi.encodeFunctionData('commit', [key.workload, key.seat, commitment])
    return committing(this.#of('commit', key, 'proof', deadline, data), commitment)
  }

  commitOpen(key: JobKey, { spec }: Dossier, commitment: bigint, deadline: number): TxRequest {
    const data = this.#abi.encodeFunctionData('commitOpen', [spec, key.seat, commitment])
    return committing(this.#of('commit', key, 'proof', deadline, data), commitment)
  }

  submit(key: JobKey, { spec }: Dossier, pin: Pin, kept: KeptProof, deadline: number): TxRequest {
    const data = this.#abi.encodeFunctionData('submitProof', [spec, pin, key.seat, kept.publicInputs, kept.proof])
    return this.#of('submit', key, 'proof', deadline, data)
  }

  reveal(key: JobKey, { spec }: Dossier, pin: Pin, kept: KeptProof, salt: Hex, deadline: number): TxRequest {
    const { publicInputs, proof } = kept
    const data = this.#abi.encodeFunctionData('reveal', [spec, pin, key.seat, publicInputs, proof, salt])
    return this.#of('reveal', key, 'proof', deadline, data)
  }

  revealToCommittee(
    key: JobKey,
    { spec }: Dossier,
    { digest, salt, proof, uri }: ProofForCommittee,
    deadline: number,
  ): TxRequest {
    const args = [spec, key.seat, digest, salt, proof, uri] as const
    const data = this.#abi.encodeFunctionData('revealToCommittee', [...args])
    return this.#of('reveal', key, 'proof', deadline, data)
  }

  clear(key: JobKey, { spec }: Dossier): TxRequest {
    return this.#of('clear', key, 'keeper', undefined, this.#abi.encodeFunctionData('clear', [spec, [key.seat]]))
  }

  assign(workload: WorkloadId): TxRequest {
    return this.#keeper('assign', workload, this.#abi.encodeFunctionData('assign', [workload]))
  }

  settle({ workload, spec }: Dossier, seats: readonly number[]): TxRequest {
    return this.#keeper('settle', workload, this.#abi.encodeFunctionData('settle', [spec, [...seats]]))
  }

  slash({ workload, spec }: Dossier, seats: readonly number[]): TxRequest {
    return this.#keeper('slash', workload, this.#abi.encodeFunctionData('slash', [spec, [...seats]]))
  }

  get #abi() {
    return this.#contracts.market.interface
  }

  #of(
    stage: string,
    { workload, seat }: JobKey,
    priority: TxPriority,
    deadline: number | undefined,
    data: string,
  ): TxRequest {
    return {
      key: `${stage}/${workload}/${seat}`,
      to: this.#contracts.addresses.market,
      data,
      priority,
      ...(deadline !== undefined && { deadline }),
      about: { workload, seat, stage },
    }
  }

  #keeper(stage: string, workload: WorkloadId, data: string): TxRequest {
    const key = `${stage}/${workload}`
    return { key, to: this.#contracts.addresses.market, data, priority: 'keeper', about: { workload, stage } }
  }
}

/** The log says to what a seat was bound: only one value may ever stand there. */
function committing(request: TxRequest, commitment: bigint): TxRequest {
  return { ...request, about: { ...request.about, commitment: toBeHex(commitment) } }
}
