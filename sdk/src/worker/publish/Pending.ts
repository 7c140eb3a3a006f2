import { workerError } from '../../errors/codes/worker.js'
import { TX_PRIORITIES, type TxOutcome, type TxRequest } from './TxOutcome.js'

/** A request that has not ended. */
export interface Pending {
  readonly request: TxRequest
  readonly outcome: Promise<TxOutcome>
  readonly resolve: (outcome: TxOutcome) => void
}

/** A request that waits for its outcome. */
export function makePending(request: TxRequest): Pending {
  let resolve: (outcome: TxOutcome) => void = () => undefined
  const outcome = new Promise<TxOutcome>((settle) => (resolve = settle))
  return { request, outcome, resolve }
}

/** Puts a request where its priority belongs: behind those that came before and matter as much. */
export function enqueue(waiting: Pending[], pending: Pending): void {
  waiting.push(pending)
  waiting.sort((a, b) => rankOf(a.request) - rankOf(b.request))
}

/** How everything ends that was not sent when the daemon stopped. */
export function stopped(): TxOutcome {
  return { kind: 'failed', error: workerError('WORKER_STOPPED', 'the worker is stopping') }
}

function rankOf(request: TxRequest): number {
  return TX_PRIORITIES.indexOf(request.priority)
}
