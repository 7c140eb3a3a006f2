import type { Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { Logger } from '../log/Logger.js'
import type { TxSigner } from '../publish/TxSigner.js'
import { submitterTerm } from './submitterTerm.js'

/** What a {@link SubmitterWatch} needs. */
export interface SubmitterWatchOptions {
  readonly contracts: Pick<Contracts, 'relay'>
  readonly signer: Pick<TxSigner, 'address' | 'operator'>
  readonly clock: Clock
  readonly log: Logger
  /** Told until when the key can act, Unix time; 0: it was taken back. */
  readonly onTerm: (key: string, until: number) => void
}

const EVERY_MS = 60_000
const DAY_MS = 86_400_000
/** What is left of a term from which it is worth a warning; the alert rule has the same. */
const SHORT_MS = 14 * DAY_MS
/** How often the same is said again, until somebody names the key. */
const AGAIN_MS = { ended: 3_600_000, short: DAY_MS, long: Infinity } as const

type Term = keyof typeof AGAIN_MS

/**
 * Asks once a minute until when the submitter key can act: its operator may name it again, or take it back, and what nobody does ends by
 * itself, after which every act reverts and the seats are silent.
 */
export class SubmitterWatch {
  readonly #options: SubmitterWatchOptions
  #until: number | undefined
  #said: Term = 'long'
  #saidAt = 0

  constructor(options: SubmitterWatchOptions) {
    this.#options = options
  }

  /** Asks until `signal` is aborted; without an answer the term that was told last counts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        log.debug('the term of the submitter key cannot be read now', { stage: 'key', error })
      })
      await clock.sleep(EVERY_MS, signal).catch(() => undefined)
    }
  }

  /**
   * Asks once, and says what an operator has to know.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async look(): Promise<void> {
    const { contracts, signer, onTerm } = this.#options
    try {
      this.#until = await submitterTerm(contracts, signer)
      onTerm(signer.address, this.#until)
    } finally {
      // Also while no endpoint answers: the term runs on.
      if (this.#until !== undefined) this.#say(this.#until)
    }
  }

  #say(until: number): void {
    const { signer, clock, log } = this.#options
    const left = until * 1000 - clock.now()
    // The chain lets it act in the last second too.
    const term: Term = left < 0 ? 'ended' : left < SHORT_MS ? 'short' : 'long'
    if (term === this.#said && clock.elapsed() - this.#saidAt < AGAIN_MS[term]) return
    const { address: key, operator } = signer
    const about = {
      stage: 'key',
      key,
      operator,
      until: until === 0 ? 'taken back' : new Date(until * 1000).toISOString(),
    }
    if (term === 'ended')
      log.error('the submitter key can act no more, and seats are slashed for silence; name it again', about)
    else if (term === 'short') log.warn('the submitter key can act for a short time only; name it again', about)
    else if (this.#said !== term) log.info('the submitter key can act for longer now', about)
    this.#said = term
    this.#saidAt = clock.elapsed()
  }
}
