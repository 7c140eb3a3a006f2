import type { Block, Log } from 'ethers'
import { systemClock, type Clock } from '../clock.js'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import { decodeEvent } from './decodeEvent.js'
import type { EventFilter } from './EventFilter.js'
import type { GevulotEvent } from './events.js'
import { LogReader } from './LogReader.js'

/** A block by number and hash. */
export interface BlockRef {
  readonly number: number
  readonly hash: string
}

/** The end of a batch. */
export interface Checkpoint extends BlockRef {
  /** Logs that were read from the blocks since the checkpoint before it. */
  readonly logs?: number
}

/** Where a follower stands. Plain JSON: store it together with what was made of the events, and pass it to resume. */
export interface Cursor {
  /** First block ever wanted. */
  readonly start: number
  /** First block not read yet. */
  readonly next: number
  /** Ends of the last batches, newest last: a reorg is found by their hashes. */
  readonly checkpoints: readonly Checkpoint[]
}

/** What a follower reports. */
export type EventBatch =
  | {
      readonly kind: 'events'
      readonly from: number
      readonly to: BlockRef
      /** Unix time of block `to`. */
      readonly time: number
      readonly events: readonly GevulotEvent[]
      readonly cursor: Cursor
    }
  | {
      /** Undo what came from the blocks from `redoFrom` on; what takes its place follows. */
      readonly kind: 'reorg'
      readonly redoFrom: number
      /** The blocks were replaced, or the endpoint had left some of their events out. */
      readonly because: 'replaced' | 'incomplete'
      readonly cursor: Cursor
    }

/** Options of {@link followEvents}. */
export interface FollowOptions extends EventFilter {
  /** Resume here; `fromBlock` counts only without it. */
  readonly cursor?: Cursor
  /** First block; the deployment's first by default. */
  readonly fromBlock?: number
  /** Blocks that must lie above a block before it is read; default 0. */
  readonly confirmations?: number
  /** Milliseconds between looks at the chain; default 2 000. */
  readonly pollMs?: number
  /** Milliseconds a failing endpoint is given to recover before the follower throws; default 60 000. */
  readonly patienceMs?: number
  readonly clock?: Clock
  readonly signal?: AbortSignal
}

const CHECKPOINTS = 64
/** Blocks at the end of the chain whose logs are read twice, and how many come between two looks. */
const YOUNG = 64
const LOOK_EVERY = 8
const LONGEST_PAUSE_MS = 30_000

/**
 * Follows the events of the contracts for ever: in order, without gaps or duplicates, across endpoint failures. A reorg is
 * found by block hash and reported with the block from which to redo; one deeper than all checkpoints starts over. The logs of
 * young blocks are read again every few blocks: an endpoint that knew a block before its logs is found out, and they are redone. Where there are
 * several endpoints another one is asked then, and about old blocks too: what one leaves out for ever is found if another has it.
 *
 * @example
 * for await (const batch of followEvents(contracts, { cursor: await load(), signal })) {
 *   if (batch.kind === 'reorg') await undo(batch.redoFrom, batch.cursor)
 *   else await apply(batch.events, batch.cursor)
 * }
 *
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE when the endpoint stays away longer than `patienceMs`; the reason of `signal`.
 */
export async function* followEvents(contracts: Contracts, options: FollowOptions = {}): AsyncGenerator<EventBatch> {
  const { signal, clock = systemClock, pollMs = 2_000, patienceMs = 60_000 } = options
  const start = options.fromBlock ?? contracts.fromBlock
  let cursor: Cursor = options.cursor ?? { start, next: start, checkpoints: [] }
  const reader = new LogReader(contracts, options)
  let failingSince: number | undefined
  let failures = 0
  let lookAt = 0
  for (;;) {
    signal?.throwIfAborted()
    let batch: EventBatch | undefined
    try {
      const newest = cursor.checkpoints.at(-1)?.number ?? 0
      if (newest >= lookAt) {
        batch = await findOmission(contracts, reader, cursor)
        lookAt = newest + LOOK_EVERY
      }
      batch ??= await nextBatch(contracts, reader, cursor, options.confirmations ?? 0)
      failingSince = undefined
      failures = 0
    } catch (error) {
      if (!GevulotError.is(error, 'CHAIN_RPC_UNAVAILABLE')) throw error
      failingSince ??= clock.elapsed()
      if (clock.elapsed() - failingSince >= patienceMs) throw error
      await clock.sleep(Math.min(LONGEST_PAUSE_MS, pollMs * 2 ** Math.min(failures++, 10)), signal)
      continue
    }
    if (batch === undefined) {
      await clock.sleep(pollMs, signal)
      continue
    }
    cursor = batch.cursor
    yield batch
  }
}

/** The next thing to report, or undefined while there is nothing new. */
async function nextBatch(
  contracts: Contracts,
  reader: LogReader,
  cursor: Cursor,
  confirmations: number,
): Promise<EventBatch | undefined> {
  const head = await blockAt(contracts, 'latest')
  const anchor = cursor.checkpoints.at(-1)
  if (head.hash === anchor?.hash) return undefined
  const reorg = await findReorg(contracts, cursor, head)
  if (reorg !== undefined) return reorg
  const last = head.number - confirmations
  // What is young is read by itself, so that the second look at it stays small.
  const old = last - YOUNG
  for (let to: number; (to = reader.endOfRange(cursor.next, cursor.next <= old ? old : last)) >= cursor.next;) {
    const end = to === head.number ? head : await blockAt(contracts, to)
    // Of one chain with what was read before: a reorg since the comparison would never be found, as the new hash below is that of the new chain.
    if (end !== head && anchor && (await blockAt(contracts, anchor.number)).hash !== anchor.hash) return undefined
    const read = await reader.read(cursor.next, to)
    if (read === undefined) continue
    const logs = to <= old ? await completed(contracts, reader, cursor.next, to, read) : read
    // The hash of a block fixes everything below it: if it is the same before and after, the logs are of one chain.
    if ((await blockAt(contracts, to)).hash !== end.hash) return undefined
    const ref = { number: to, hash: end.hash, logs: logs.length }
    return {
      kind: 'events',
      from: cursor.next,
      to: { number: to, hash: end.hash },
      time: end.timestamp,
      events: logs.flatMap((log) => decodeEvent(contracts, log) ?? []),
      cursor: { start: cursor.start, next: to + 1, checkpoints: [...cursor.checkpoints, ref].slice(-CHECKPOINTS) },
    }
  }
  return undefined
}

/** Compares the checkpoints with the chain, newest first. Those above the head of a node that lags say nothing. */
async function findReorg(contracts: Contracts, cursor: Cursor, head: MinedBlock): Promise<EventBatch | undefined> {
  const comparable = cursor.checkpoints.filter((checkpoint) => checkpoint.number <= head.number)
  let kept = comparable.length
  for (; kept > 0; kept--) {
    const checkpoint = comparable[kept - 1]
    if (checkpoint !== undefined && (await blockAt(contracts, checkpoint.number)).hash === checkpoint.hash) break
  }
  if (kept === comparable.length) return undefined
  return redo(cursor, kept, 'replaced')
}

/** The logs of an old range with those that another endpoint has beside them. */
async function completed(
  contracts: Contracts,
  reader: LogReader,
  from: number,
  to: number,
  logs: readonly Log[],
): Promise<readonly Log[]> {
  const other = await reader.readElsewhere(from, to)
  if (other === undefined) return logs
  const known = new Set(logs.map(({ blockNumber, index }) => `${blockNumber}/${index}`))
  const more = await ofChain(
    contracts,
    other.logs.filter(({ blockNumber, index }) => !known.has(`${blockNumber}/${index}`)),
  )
  if (more.length === 0) return logs
  other.blame()
  return [...logs, ...more].sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)
}

/** Those logs whose blocks are the ones of the chain that is followed. */
async function ofChain(contracts: Contracts, logs: readonly Log[]): Promise<readonly Log[]> {
  const hashes = new Map<number, string>()
  for (const { blockNumber } of logs)
    if (!hashes.has(blockNumber)) hashes.set(blockNumber, (await blockAt(contracts, blockNumber)).hash)
  return logs.filter(({ blockNumber, blockHash }) => hashes.get(blockNumber) === blockHash)
}

/**
 * Reads the logs of young blocks once more, from another endpoint if there is one: where there are more than before, the endpoint had left some
 * out. Of blocks of another branch that other one says nothing.
 */
async function findOmission(contracts: Contracts, reader: LogReader, cursor: Cursor): Promise<EventBatch | undefined> {
  const { start, checkpoints } = cursor
  const newest = checkpoints.at(-1)?.number ?? start - 1
  // Each checkpoint with the last block before what it counts.
  const young = checkpoints
    .map((checkpoint, index) => ({ ...checkpoint, index, after: checkpoints[index - 1]?.number ?? start - 1 }))
    .filter(({ after }) => after >= newest - YOUNG)
  const [first] = young
  if (first === undefined) return undefined
  const other = await reader.readElsewhere(first.after + 1, newest)
  const logs = other?.logs ?? (await reader.read(first.after + 1, newest))
  // Where they are too many at once, the next look asks for less.
  if (logs === undefined) return undefined
  for (const { after, number, index, logs: before } of young) {
    const now = logs.filter(({ blockNumber }) => blockNumber > after && blockNumber <= number)
    if (before === undefined || now.length <= before) continue
    if (other !== undefined && (await ofChain(contracts, now)).length <= before) continue
    other?.blame()
    return redo(cursor, index, 'incomplete')
  }
  return undefined
}

/** Goes back to the first `kept` checkpoints. */
function redo(cursor: Cursor, kept: number, because: 'replaced' | 'incomplete'): EventBatch {
  const checkpoints = cursor.checkpoints.slice(0, kept)
  const redoFrom = (checkpoints.at(-1)?.number ?? cursor.start - 1) + 1
  return { kind: 'reorg', redoFrom, because, cursor: { start: cursor.start, next: redoFrom, checkpoints } }
}

type MinedBlock = Block & { readonly hash: string }

async function blockAt(contracts: Contracts, block: number | 'latest'): Promise<MinedBlock> {
  let found: Block | null
  try {
    found = await contracts.provider.getBlock(block)
  } catch (error) {
    throw asChainError(error, `reading block ${block}`)
  }
  if (!found?.hash) throw chainError('CHAIN_RPC_UNAVAILABLE', `the endpoint does not know block ${block} yet`)
  return found as MinedBlock
}
