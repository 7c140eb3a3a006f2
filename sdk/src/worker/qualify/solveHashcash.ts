import { Worker as Thread } from 'node:worker_threads'
import { workerError } from '../../errors/codes/worker.js'
import { HASHCASH_THREAD, keccakModule, type ThreadOrder, type ThreadReport } from './hashcashThread.js'

/** How hard a hashcash is: the arguments of its contract. */
export interface HashcashDifficulty {
  /** Hashes that one number takes on average. */
  readonly work: bigint
  /** Numbers in a solution. */
  readonly count: number
}

/** What to solve. */
export interface HashcashOrder extends HashcashDifficulty {
  /** Seed of the seat in the check, 32 bytes. */
  readonly seed: Uint8Array
  readonly threads: number
  readonly signal?: AbortSignal
}

/** A solution and what it took. */
export interface HashcashSolution {
  /** What the contract takes. */
  readonly solution: Uint8Array
  readonly seconds: number
}

const NUMBER_BYTES = 6
/** All the numbers there are. */
const NUMBERS = 2 ** 48
const MAX_WORD = (1n << 256n) - 1n
const MEASURED_TRIES_A_SECOND = 200_000

/**
 * Solves a hashcash in threads of its own. Each thread searches a part of the numbers; what is found first counts.
 * @throws GevulotError WORKER_STOPPED when `signal` is aborted
 */
export async function solveHashcash(order: HashcashOrder): Promise<HashcashSolution> {
  const { seed, work, count, threads, signal } = order
  const started = performance.now()
  const found: number[] = []
  const share = Math.floor(NUMBERS / threads)
  await inThreads({ threads, ...(signal && { signal }) }, (index) => ({
    order: { seed, target: MAX_WORD / work, from: index * share, tries: share },
    onReport: (report) => 'found' in report && found.push(report.found) >= count,
  }))
  const numbers = found.slice(0, count).sort((a, b) => a - b)
  return { solution: encodeNumbers(numbers), seconds: (performance.now() - started) / 1000 }
}

/** The bytes of a solution: six for each number, big endian, rising. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(numbers.length * NUMBER_BYTES)
  numbers.forEach((number, index) => bytes.writeUIntBE(number, index * NUMBER_BYTES, NUMBER_BYTES))
  return bytes
}

/**
 * Measures how many hashes a second this machine does.
 * @param options.seconds About how long to measure.
 */
export async function measureHashRate(options: {
  readonly threads: number
  readonly seconds: number
  readonly signal?: AbortSignal
}): Promise<number> {
  const { threads, seconds, signal } = options
  let rate = MEASURED_TRIES_A_SECOND * threads
  // The first round finds the order of magnitude, the second one measures.
  for (const length of [seconds / 5, seconds]) {
    const tries = Math.max(1, Math.round((rate * length) / threads))
    const started = performance.now()
    let running = threads
    await inThreads({ threads, ...(signal && { signal }) }, () => ({
      // A target of zero: nothing is ever found, all tries are made.
      order: { seed: new Uint8Array(32), target: 0n, from: 0, tries },
      onReport: () => --running === 0,
    }))
    rate = (tries * threads * 1000) / (performance.now() - started)
  }
  return rate
}

interface Part {
  readonly order: Omit<ThreadOrder, 'keccak'>
  /** True when all is done. */
  readonly onReport: (report: ThreadReport) => boolean
}

/** Runs threads until one of the reports says that all is done. */
async function inThreads(
  { threads, signal }: { readonly threads: number; readonly signal?: AbortSignal },
  partOf: (index: number) => Part,
): Promise<void> {
  const running: Thread[] = []
  const keccak = keccakModule()
  let onAbort: (() => void) | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(workerError('WORKER_STOPPED', 'the search was stopped', { cause: signal?.reason }))
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      for (let index = 0; index < threads; index++) {
        const { order, onReport } = partOf(index)
        const thread = new Thread(HASHCASH_THREAD, { eval: true, workerData: { ...order, keccak } })
        thread.on('message', (report: ThreadReport) => onReport(report) && resolve())
        thread.on('error', reject)
        running.push(thread)
      }
    })
  } finally {
    if (onAbort) signal?.removeEventListener('abort', onAbort)
    await Promise.all(running.map((thread) => thread.terminate()))
  }
}
