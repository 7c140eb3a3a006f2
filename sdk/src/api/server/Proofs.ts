import type { WorkloadId } from '../../chain/hex.js'
import type { GevulotClient } from '../../client/createClient.js'
import { bestProof, fetchProofOf, type Proof } from '../../client/fetchProof.js'
import type { Workload } from '../../client/Workload.js'
import { apiError } from '../../errors/codes/api.js'
import { ByteBudget } from './ByteBudget.js'
import type { Readings } from './Readings.js'

/** How much of the server is there for proofs. */
export interface ProofLimits {
  /** Of the largest proofs that fit into memory together; default 4. */
  readonly largestAtOnce: number
  /** Milliseconds that a question waits for others to be answered; default 10,000. */
  readonly waitMs: number
  /** Milliseconds to take an answer; default 120,000. */
  readonly sendMs: number
}

/** The defaults of {@link ProofLimits}. */
export const PROOF_LIMITS: ProofLimits = { largestAtOnce: 4, waitMs: 10_000, sendMs: 120_000 }

/** A store that gives nothing for so long keeps no memory set apart. */
const FETCH_MS = 60_000
const RETRY_SECONDS = 5

/** A proof in memory, until it is given back. */
export interface TakenProof {
  readonly proof: Proof
  readonly giveBack: () => void
}

interface Held {
  readonly fetching: Promise<Proof>
  users: number
}

/**
 * Fetches proofs for everybody who asks. One may have 64 MiB: what is in memory is bounded, and those who ask for the same one have it together,
 * as long as any of them is being answered. Which one is the best is read from the chain for everybody who asks, after they asked.
 */
export class Proofs {
  readonly #client: GevulotClient
  readonly #readings: Pick<Readings, 'read'>
  readonly #limits: ProofLimits
  readonly #budget: ByteBudget
  readonly #held = new Map<string, Held>()
  readonly #stop: AbortSignal

  constructor(options: {
    client: GevulotClient
    readings: Pick<Readings, 'read'>
    limits: ProofLimits
    stop: AbortSignal
  }) {
    const { client, limits } = options
    this.#client = client
    this.#readings = options.readings
    this.#limits = limits
    this.#stop = options.stop
    this.#budget = new ByteBudget(limits.largestAtOnce * client.settings.maxProofBytes, client.clock)
  }

  /**
   * The best valid proof of a workload, or that of a seat.
   * @throws GevulotError API_BUSY, and as `fetchProof` of the client
   */
  async take(id: WorkloadId, seat: number | undefined): Promise<TakenProof> {
    const workload = await this.#readings.read(id)
    const best = bestProof(workload, seat)
    const name = [id, best.seat, best.digest, best.transaction].join('/')
    const held = this.#held.get(name) ?? this.#begin(name, workload, best.seat)
    held.users++
    let isTaken = true
    const giveBack = (): void => {
      if (isTaken && --held.users === 0) this.#release(name, held)
      isTaken = false
    }
    try {
      return { proof: await held.fetching, giveBack }
    } catch (error) {
      giveBack()
      throw error
    }
  }

  /**
   * Takes as much of the memory for proofs as something else of their size needs.
   * @param bytes All of it where they are more.
   * @returns Gives it back.
   * @throws GevulotError API_BUSY
   */
  async makeRoom(bytes: number): Promise<() => void> {
    const room = Math.min(bytes, this.#limits.largestAtOnce * this.#client.settings.maxProofBytes)
    await this.#room(room)
    let isTaken = true
    return () => {
      if (isTaken) this.#budget.giveBack(room)
      isTaken = false
    }
  }

  async #room(bytes: number): Promise<void> {
    if (!(await this.#budget.take(bytes, this.#limits.waitMs))) throw busy('too many proofs are asked for')
  }

  #begin(name: string, workload: Workload, seat: number): Held {
    const held: Held = { fetching: this.#fetch(workload, seat), users: 0 }
    this.#held.set(name, held)
    return held
  }

  /** What it takes of the budget in the end is what {@link sizeOf} says; nothing where it fails. */
  async #fetch(workload: Workload, seat: number): Promise<Proof> {
    // How large it is turns out when it is there.
    const { maxProofBytes } = this.#client.settings
    await this.#room(maxProofBytes)
    let size = 0
    const tooLong = AbortSignal.timeout(FETCH_MS)
    const over = new AbortController()
    const end = (): void => over.abort(this.#stop.reason)
    // Not `AbortSignal.any`: Node.js 20 keeps a trace of every such signal as long as the one of the server lives.
    for (const signal of [this.#stop, tooLong]) signal.addEventListener('abort', end)
    if (this.#stop.aborted) end()
    try {
      const proof = await fetchProofOf(this.#client, workload, { seat, signal: over.signal })
      size = sizeOf(proof)
      return proof
    } catch (error) {
      throw tooLong.aborted ? busy('the proof does not come out of its store') : error
    } finally {
      for (const signal of [this.#stop, tooLong]) signal.removeEventListener('abort', end)
      this.#budget.giveBack(maxProofBytes - size)
    }
  }

  #release(name: string, held: Held): void {
    this.#held.delete(name)
    held.fetching.then(
      (proof) => this.#budget.giveBack(sizeOf(proof)),
      () => undefined,
    )
  }
}

function sizeOf({ proof, publicInputs }: Proof): number {
  return proof.length + publicInputs.length
}

function busy(message: string): Error {
  return apiError('API_BUSY', message, { details: { wait: RETRY_SECONDS } })
}
