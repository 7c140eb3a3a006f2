import type { Outbox } from '../../sdk/src/worker/publish/Outbox.js'
import type { TxOutcome, TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'

/** Keeps what is to be published, which never ends by itself. */
export class RecordingOutbox implements Outbox {
  readonly requests: TxRequest[] = []

  publish(request: TxRequest): Promise<TxOutcome> {
    this.requests.push(request)
    return new Promise(() => undefined)
  }

  isPending(key: string): boolean {
    return this.pendingKeys().includes(key)
  }

  pendingKeys(): readonly string[] {
    return this.requests.map(({ key }) => key)
  }

  recover(): Promise<void> {
    return Promise.resolve()
  }

  run(): Promise<void> {
    return Promise.resolve()
  }
}
