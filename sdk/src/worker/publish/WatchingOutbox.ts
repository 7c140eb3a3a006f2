import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'
import { untilAborted } from '../untilAborted.js'
import type { Outbox } from './Outbox.js'
import type { TxOutcome, TxRequest } from './TxOutcome.js'

/** The outbox of a worker that only watches: nothing leaves this machine, whoever asks for it, not even what an earlier run had sent. */
export class WatchingOutbox implements Outbox {
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  publish({ key, about }: TxRequest): Promise<TxOutcome> {
    this.#log.info('nothing is sent: the worker only watches', { ...about, key })
    return Promise.resolve({ kind: 'failed', error: workerError('WORKER_WATCHES', `${key} is not sent`) })
  }

  isPending(): boolean {
    return false
  }

  pendingKeys(): readonly string[] {
    return []
  }

  recover(): Promise<void> {
    return Promise.resolve()
  }

  run(signal: AbortSignal): Promise<void> {
    return untilAborted(signal)
  }
}
