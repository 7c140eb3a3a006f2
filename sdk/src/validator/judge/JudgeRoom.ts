import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { Pauses } from '../../worker/coordinate/Pauses.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { JudgingEnd } from '../observe/ValidatorMetrics.js'
import type { VerdictJournal, VerdictKey } from '../verdict/VerdictJournal.js'
import type { Case } from './Case.js'
import type { Judge } from './Judge.js'

/** What a {@link JudgeRoom} needs. */
export interface JudgeRoomOptions {
  readonly judge: Judge
  readonly journal: VerdictJournal
  readonly clock: Clock
  readonly log: Logger
  /** Told how each judging ended, after how many seconds. */
  readonly onEnd?: (end: JudgingEnd, seconds: number) => void
  /** A judging ended; look at the workload again. */
  readonly onChange: (workload: WorkloadId) => void
}

interface Session {
  readonly workload: WorkloadId
  readonly controller: AbortController
  readonly done: Promise<void>
}

/** Judgings under way, one for each set of proofs and attempt. What they find goes into the journal and nowhere else. */
export class JudgeRoom {
  readonly #options: JudgeRoomOptions
  readonly #pauses: Pauses
  readonly #sessions = new Map<string, Session>()
  #closed = false

  constructor(options: JudgeRoomOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Begins to judge; nothing if that is under way, or failed a moment ago. */
  start(key: VerdictKey, matter: Case): void {
    const name = `${key.workload}/${key.attempt}/${key.proofs}`
    if (this.#closed || this.#sessions.has(name) || !this.#pauses.isOver(name)) return
    const controller = new AbortController()
    const done = this.#judge(name, key, matter, controller.signal)
    this.#sessions.set(name, { workload: key.workload, controller, done })
  }

  /** Stops judgings of a workload that are of no use any more. */
  stop(workload: WorkloadId): void {
    for (const session of this.#sessions.values()) if (session.workload === workload) session.controller.abort()
  }

  /** Stops everything; what was found by then is in the journal. */
  async close(): Promise<void> {
    this.#closed = true
    const sessions = [...this.#sessions.values()]
    for (const { controller } of sessions) controller.abort()
    await Promise.all(sessions.map(({ done }) => done))
  }

  async #judge(name: string, key: VerdictKey, matter: Case, signal: AbortSignal): Promise<void> {
    const { judge, journal, clock, onChange, onEnd } = this.#options
    const startedAt = clock.elapsed()
    let end: JudgingEnd = 'error'
    const about = { workload: key.workload, attempt: key.attempt, stage: 'verify' }
    const log = this.#options.log.with(about)
    try {
      log.info('judging', { proofs: matter.exhibits.length })
      const judging = await judge.judge(matter, signal)
      if (judging.kind === 'unable') {
        end = 'unable'
        this.#pauses.lengthen(name)
        return log.error('no verdict: this machine cannot judge', { why: judging.why })
      }
      const { valid, said, findings } = judging
      await journal.record({ ...key, valid, said })
      end = 'verdict'
      log.info('verdict recorded', { valid, findings })
    } catch (error) {
      if (signal.aborted) end = 'stopped'
      if (signal.aborted) return
      this.#pauses.lengthen(name)
      log.error('judging failed unexpectedly', { error })
    } finally {
      this.#sessions.delete(name)
      onEnd?.(end, (clock.elapsed() - startedAt) / 1000)
      onChange(key.workload)
    }
  }
}
