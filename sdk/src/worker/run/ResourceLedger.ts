import type { ProgramResources } from '../../content/index.js'
import type { Gpu, RunLimits } from '../../runtime/index.js'

/** What all runs of a machine may use together. */
export interface Capacity {
  /** Programs at the same time. */
  readonly runs: number
  readonly cores: number
  readonly memoryMiB: number
  readonly outputMiB: number
  /** Cards to lend, each to one program at a time. */
  readonly gpus: readonly Gpu[]
}

/** What a program may use while it runs. */
export type Grant = Pick<RunLimits, 'cores' | 'memoryMiB' | 'outputMiB' | 'gpus'>

/** How a task waits. */
export interface WaitOptions {
  /** Ends the wait: whoever gave up must not keep its place before others. */
  readonly signal?: AbortSignal
  /** Before all that wait without it: a short task that ends what has cost much. */
  readonly isFirst?: boolean
}

interface Waiting {
  readonly resources: ProgramResources
  readonly isFirst: boolean
  readonly start: (grant: Grant) => void
}

/**
 * Who uses how much of this machine. A task waits until what it needs is free, in the order in which tasks came: a large one is never
 * passed by small ones for ever. What the machine will never have is refused at once, and who gives up waiting is in nobody's way.
 */
export class ResourceLedger {
  readonly #capacity: Capacity
  readonly #grants = new Set<Grant>()
  readonly #waiting: Waiting[] = []

  constructor(capacity: Capacity) {
    this.#capacity = capacity
  }

  /** Cards that it lends. */
  get gpus(): number {
    return this.#capacity.gpus.length
  }

  /** Most tasks at the same time. */
  get runs(): number {
    return this.#capacity.runs
  }

  /** Whether no further task could start now, however small. */
  get isFull(): boolean {
    return this.#waiting.length > 0 || !this.#fits({ cores: 1, memoryMiB: 1, outputMiB: 1 })
  }

  /** Whether a task like this one would start at once. */
  hasRoom(resources: ProgramResources): boolean {
    return this.#waiting.length === 0 && this.#fits(resources)
  }

  /** What of it the machine will never have, in words; undefined if a task only has to wait. */
  refusal(resources: ProgramResources): string | undefined {
    const { cores, memoryMiB, outputMiB, gpus } = this.#capacity
    const excess = [
      short(resources.cores, cores, 'cores'),
      short(resources.memoryMiB, memoryMiB, 'MiB of memory'),
      short(resources.outputMiB, outputMiB, 'MiB of output'),
      short(resources.gpus ?? 0, gpus.length, 'graphics cards'),
    ].filter((text) => text !== undefined)
    return excess.length === 0 ? undefined : `the program wants ${excess.join(', ')}`
  }

  /** How many tasks like this one can run at the same time. */
  atOnce(resources: ProgramResources): number {
    return mostAtOnce({ ...this.#capacity, gpus: this.gpus }, resources)
  }

  /**
   * Runs a task with what it needs, as soon as that is free.
   * @throws TypeError if the machine will never have it, ask {@link refusal} first; the reason of the signal, if the task has not begun by then.
   */
  async run<T>(resources: ProgramResources, task: (grant: Grant) => Promise<T>, options: WaitOptions = {}): Promise<T> {
    const why = this.refusal(resources)
    if (why !== undefined) throw new TypeError(why)
    const grant = await this.#granted(resources, options)
    try {
      return await task(grant)
    } finally {
      this.#grants.delete(grant)
      this.#startWaiting()
    }
  }

  async #granted(resources: ProgramResources, { signal, isFirst = false }: WaitOptions): Promise<Grant> {
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal?.reason as Error)
        // What stood behind it may fit.
        this.#startWaiting()
      }
      const start = (grant: Grant): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve(grant)
      }
      const waiting: Waiting = { resources, isFirst, start }
      signal?.addEventListener('abort', giveUp, { once: true })
      const at = isFirst ? this.#waiting.findLastIndex((other) => other.isFirst) + 1 : this.#waiting.length
      this.#waiting.splice(at, 0, waiting)
      this.#startWaiting()
    })
  }

  #startWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.resources); next = this.#waiting[0]) {
      this.#waiting.shift()
      const { cores, memoryMiB, outputMiB, gpus: count = 0 } = next.resources
      const gpus = this.#freeGpus().slice(0, count)
      // Written down before anybody else is looked at.
      const grant: Grant = { cores, memoryMiB, outputMiB, ...(count > 0 && { gpus }) }
      this.#grants.add(grant)
      next.start(grant)
    }
  }

  #fits({ cores, memoryMiB, outputMiB, gpus = 0 }: ProgramResources): boolean {
    const used = (of: 'cores' | 'memoryMiB' | 'outputMiB'): number =>
      [...this.#grants].reduce((sum, grant) => sum + grant[of], 0)
    return (
      this.#grants.size < this.#capacity.runs &&
      used('cores') + cores <= this.#capacity.cores &&
      used('memoryMiB') + memoryMiB <= this.#capacity.memoryMiB &&
      used('outputMiB') + outputMiB <= this.#capacity.outputMiB &&
      gpus <= this.#freeGpus().length
    )
  }

  #freeGpus(): Gpu[] {
    const lent = new Set([...this.#grants].flatMap((grant) => grant.gpus ?? []))
    return this.#capacity.gpus.filter((gpu) => !lent.has(gpu))
  }
}

/** How many tasks that need the same can run at the same time on a machine that has `all`. */
export function mostAtOnce(
  all: Omit<Capacity, 'gpus'> & { readonly gpus: number },
  { cores, memoryMiB, outputMiB, gpus = 0 }: ProgramResources,
): number {
  const most = [all.cores / cores, all.memoryMiB / memoryMiB, all.outputMiB / outputMiB, all.gpus / gpus]
  return Math.floor(Math.min(all.runs, ...most.filter((count) => !Number.isNaN(count))))
}

function short(wanted: number, have: number, what: string): string | undefined {
  return wanted > have ? `${wanted} ${what} of ${have}` : undefined
}
