import { readCommittee, readJudgment, ZERO_ADDRESS, type Contracts, type WorkloadId } from '../../chain/index.js'
import type { ChainFacts } from '../../worker/coordinate/ChainFacts.js'
import { dossierOf } from '../../worker/coordinate/Dossier.js'
import type { SeatBook } from '../../worker/coordinate/SeatBook.js'
import type { Unheard } from '../../worker/observe/UnheardWatch.js'
import type { EventStore } from '../../worker/store/EventStore.js'

/** What {@link UnheardCommittees} reads. */
export interface CommitteeFacts {
  readonly contracts: Contracts
  readonly seats: SeatBook
  readonly events: EventStore
  readonly chain: ChainFacts
  /** Told of each at once: the state alone is enough to judge by, if the reveals were heard of. */
  readonly onFound: (workload: WorkloadId) => void
}

// Each workload is a request or two; they matter, but not within a second.
const AT_ONCE = 16
/** Workloads at a look. More take turns: within ten minutes, the shortest window of the standard rules, some 2,500 at looks of a minute. */
const AT_A_LOOK = 256

/**
 * Committees with a seat of ours that has to answer, of which no event came. The committee contract tells it for each workload, so it is asked for those
 * that have begun, have not ended, and have no verifier contract.
 */
export class UnheardCommittees {
  readonly #facts: CommitteeFacts
  #turn = 0

  constructor(facts: CommitteeFacts) {
    this.#facts = facts
  }

  /**
   * Looks for them once.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async find(): Promise<readonly Unheard[]> {
    const own = new Set((await this.#facts.seats.seats()).map(({ seat }) => seat))
    const workloads = own.size === 0 ? [] : await this.#next()
    const drawn = await this.#facts.events.committeesOf(workloads)
    const heard = new Set(drawn.map(({ args }) => keyOf(args.workload, args.attempt)))
    const unheard: Unheard[] = []
    for (let at = 0; at < workloads.length; at += AT_ONCE) {
      const some = workloads.slice(at, at + AT_ONCE)
      for (const found of await Promise.all(some.map((workload) => this.#look(workload, own, heard))))
        if (found !== undefined) unheard.push(found)
    }
    return unheard
  }

  async #look(
    workload: WorkloadId,
    own: ReadonlySet<number>,
    heard: ReadonlySet<string>,
  ): Promise<Unheard | undefined> {
    const { contracts, onFound } = this.#facts
    const { stage, attempt } = await readJudgment(contracts, workload)
    const key = keyOf(workload, attempt)
    if (stage !== 'Voting' || heard.has(key)) return undefined
    const members = await readCommittee(contracts, workload, attempt)
    const seats = members.filter(({ seat, answered }) => own.has(seat) && !answered).map(({ seat }) => seat)
    if (seats.length === 0) return undefined
    onFound(workload)
    return { key, about: { workload, attempt, seats } }
  }

  /** The live workloads that committees judge, or the next of them. */
  async #next(): Promise<readonly WorkloadId[]> {
    const { events, chain } = this.#facts
    const judged: WorkloadId[] = []
    for (const workload of await events.liveWorkloads()) {
      const dossier = dossierOf(workload, await events.ofWorkload(workload))
      const known = dossier && (await chain.program(dossier.spec.program))
      if (known === undefined || known.program.verifier === ZERO_ADDRESS) judged.push(workload)
    }
    if (judged.length <= AT_A_LOOK) return judged
    const from = this.#turn % judged.length
    this.#turn = from + AT_A_LOOK
    return [...judged, ...judged].slice(from, from + AT_A_LOOK)
  }
}

function keyOf(workload: WorkloadId, attempt: number): string {
  return `${workload}/${attempt}`
}
