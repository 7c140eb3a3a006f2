import { blockTimes } from '../chain/blockTimes.js'
import type { GevulotEvent } from '../chain/events.js'
import { toProgramId, type Hex, type ProgramId, type WorkloadId } from '../chain/hex.js'
import type { Outcome } from '../chain/names.js'
import { newestBlock, readEvents } from '../chain/readEvents.js'
import { unpackTerms } from '../chain/terms.js'
import type { Client } from './Client.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link programHistory}. */
export interface ProgramHistoryParams extends CallOptions {
  readonly program: Hex
  /** The run time that `chance` is about, in seconds. */
  readonly maxRunTime: number
  /** How many of the newest blocks are read; default 50 000, a week of twelve seconds each. */
  readonly blocks?: number
  /** How many workloads count, the newest of those that ended; default 100. */
  readonly workloads?: number
}

/** What became of a program's workloads, by the events of the chain. Whoever pays for workloads can make some of it. */
export interface ProgramHistory {
  /** The first and the last block that were read; workloads submitted before the first are not in it. */
  readonly blocks: { readonly from: number; readonly to: number }
  /** Workloads that ended, cancelled ones left out, and say something about `maxRunTime`. */
  readonly ended: number
  /** Those of them whose fastest valid proof was committed within `maxRunTime` of the draw, whatever redundancy and time they had. */
  readonly proven: number
  /** `proven / ended`, 0 to 1; undefined where nothing ended: nothing is known then. */
  readonly chance: number | undefined
  /** Seconds from the draw to the commit of each valid proof; undefined where there was none. */
  readonly runTimes: RunTimes | undefined
}

/** How long valid proofs took, in seconds. */
export interface RunTimes {
  readonly count: number
  readonly least: number
  readonly median: number
  /** Nine of ten took no longer. */
  readonly p90: number
  readonly most: number
}

const BLOCKS = 50_000
const WORKLOADS = 100
const NAMES = ['Submitted', 'Assigned', 'Committed', 'Revealed', 'SlotSettled', 'Finished'] as const

/**
 * Reads from the chain how a program's workloads ended and how long its proofs took. A workload that ended without a proof counts as none, but
 * for one that timed out with less time than is asked about: it might have needed no more.
 * @example
 * const { chance, runTimes } = await programHistory(client, { program, maxRunTime: 600 })
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE; the reason of `signal`
 */
export function programHistory(client: Client, params: ProgramHistoryParams): Promise<ProgramHistory> {
  return call(client, params, async ({ contracts }) => {
    const { maxRunTime, signal } = params
    const to = await newestBlock(contracts)
    const from = Math.max(contracts.fromBlock, to + 1 - (params.blocks ?? BLOCKS))
    const fold = new Fold(toProgramId(params.program))
    const range = { fromBlock: from, toBlock: to, ...(signal && { signal }) }
    for await (const event of readEvents(contracts, { names: NAMES, ...range })) fold.add(event)
    const ended = fold.ended(params.workloads ?? WORKLOADS)
    const all = ended.flatMap(({ drawn, done, valid }) => [drawn, ...[...valid].map((seat) => done.get(seat))])
    const times = await blockTimes(contracts, all.filter((block) => block !== undefined), signal) // prettier-ignore
    const runs = ended.map(({ drawn = 0, done, valid }) =>
      [...valid].map((seat) => (times.get(done.get(seat) ?? drawn) ?? 0) - (times.get(drawn) ?? 0)),
    )
    const telling = ended.flatMap(({ outcome, maxRunTime: had }, index) => {
      const says = outcome === 'Proven' || outcome !== 'TimedOut' || had >= maxRunTime
      return says ? [Math.min(...(runs[index] ?? []))] : []
    })
    const proven = telling.filter((fastest) => fastest <= maxRunTime).length
    return {
      ...{ blocks: { from, to }, ended: telling.length, proven, runTimes: runTimesOf(runs.flat()) },
      chance: telling.length === 0 ? undefined : proven / telling.length,
    }
  })
}

/** A workload as far as its history goes; places are blocks. */
interface Past {
  readonly maxRunTime: number
  drawn?: number
  /** When each seat committed, or proved without a commit before. */
  readonly done: Map<number, number>
  readonly valid: Set<number>
  outcome?: Outcome
}

/** Events in order, folded into the workloads of one program. */
class Fold {
  readonly #program: ProgramId
  readonly #workloads = new Map<WorkloadId, Past>()
  readonly #ended: Past[] = []

  constructor(program: ProgramId) {
    this.#program = program
  }

  /** The newest that ended and were not cancelled. */
  ended(most: number): readonly Past[] {
    return this.#ended.slice(-most)
  }

  add(event: GevulotEvent): void {
    if (event.name === 'Submitted') {
      if (event.args.program !== this.#program) return
      const { maxRunTime } = unpackTerms(event.args.terms)
      this.#workloads.set(event.args.workload, { maxRunTime, done: new Map(), valid: new Set() })
      return
    }
    if (event.contract !== 'market' || !('workload' in event.args)) return
    const past = this.#workloads.get(event.args.workload)
    if (past === undefined) return
    const { block } = event.at
    switch (event.name) {
      case 'Assigned':
        past.drawn = block
        return
      case 'Committed':
        past.done.set(event.args.seat, past.done.get(event.args.seat) ?? block)
        return
      case 'Revealed':
        // A lone proof is no commit before.
        if (!past.done.has(event.args.seat)) past.done.set(event.args.seat, block)
        if (event.args.valid) past.valid.add(event.args.seat)
        return
      case 'SlotSettled':
        // Where a committee judged, a rank says that it found the proof valid.
        if (event.args.rank > 0) past.valid.add(event.args.seat)
        return
      case 'Finished':
        past.outcome = event.args.outcome
        if (event.args.outcome !== 'Cancelled') this.#ended.push(past)
        return
      default:
    }
  }
}

function runTimesOf(seconds: readonly number[]): RunTimes | undefined {
  const sorted = [...seconds].sort((a, b) => a - b)
  const at = (part: number): number | undefined => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]
  const [least, median, p90, most] = [at(0), at(0.5), at(0.9), at(1)]
  if (least === undefined || median === undefined || p90 === undefined || most === undefined) return undefined
  return { count: sorted.length, least, median, p90, most }
}
