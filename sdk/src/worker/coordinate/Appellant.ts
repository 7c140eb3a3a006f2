import { appealBond, asChainError, isIn, splitFee, type Address, type Contracts } from '../../chain/index.js'
import type { Judgment, Rules } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import { newestOf, type Dossier } from './Dossier.js'
import { Pauses } from './Pauses.js'
import type { SeatBook } from './SeatBook.js'

/** What an {@link Appellant} needs. */
export interface AppellantOptions {
  readonly contracts: Contracts
  readonly seats: SeatBook
  readonly publisher: Outbox
  readonly operator: Address
  /** Largest bond to put up, token units; zero: never appeal. */
  readonly upTo: bigint
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Appeals verdicts that find a proof of ours invalid. The worker reveals nothing that the program's verifier has not accepted here, so
 * such a verdict is wrong as far as it can know. The verdict of an appeal is taken as it is: there is only one.
 */
export class Appellant {
  readonly #options: AppellantOptions
  readonly #pauses: Pauses
  readonly #told = new Set<string>()

  constructor(options: AppellantOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Looks at a verdict that can be appealed. */
  async consider(dossier: Dossier, judgment: Judgment, rules: Rules): Promise<void> {
    const { seats, upTo, time, log } = this.#options
    const { workload, terms } = dossier
    const own = new Set((await seats.seats()).map(({ seat }) => seat))
    const wronged = [...own].filter((seat) => {
      const revealed = newestOf(dossier, 'RevealedToCommittee', seat)
      return revealed !== undefined && !isIn(judgment.valid, revealed.args.order)
    })
    if (wronged.length === 0) return
    const bond = appealBond(splitFee(terms.fee, rules, true).committee)
    const secondsLeft = judgment.until + rules.verdictWindow - time.now()
    const about = { workload, stage: 'verify', seats: wronged, bond, secondsLeft }
    if (bond > upTo) {
      if (!this.#told.has(workload)) log.error('a committee finds our proof invalid; appealing is up to you', about)
      this.#told.add(workload)
      return
    }
    await this.#appeal(dossier, bond, about)
  }

  async #appeal({ workload, spec }: Dossier, bond: bigint, about: Readonly<Record<string, unknown>>): Promise<void> {
    const { contracts, publisher, operator, log } = this.#options
    const { token, committee, addresses } = contracts
    const key = `appeal/${workload}`
    if (publisher.isPending(key) || publisher.isPending('approve') || !this.#pauses.isOver(key)) return
    const [wallet, allowance] = await Promise.all([
      token.balanceOf(operator),
      token.allowance(operator, addresses.committee),
    ]).catch((error: unknown) => {
      throw asChainError(error, 'reading what an appeal needs')
    })
    if (wallet < bond) {
      this.#pauses.lengthen(key)
      return log.error('a committee finds our proof invalid, and the account has too few tokens to appeal', about)
    }
    if (allowance < bond) {
      const data = token.interface.encodeFunctionData('approve', [addresses.committee, bond])
      void publisher.publish({ key: 'approve', to: addresses.token, data, priority: 'answer', about })
      return
    }
    log.warn('appealing a verdict', about)
    const data = committee.interface.encodeFunctionData('appeal', [spec])
    void publisher
      .publish({ key, to: addresses.committee, data, priority: 'answer', about: { ...about, act: 'appeal' } })
      .then(({ kind }) => (kind === 'mined' ? this.#pauses.end(key) : this.#pauses.lengthen(key)))
  }
}
