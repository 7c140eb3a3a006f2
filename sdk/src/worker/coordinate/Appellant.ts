import { appealBond, asChainError, splitFee, type Address, type Contracts, type WorkloadId } from '../../chain/index.js'
import type { Judgment, Rules } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import type { EventStore } from '../store/EventStore.js'
import type { Dossier } from './Dossier.js'
import { Pauses } from './Pauses.js'

/** Why a verdict is wrong as far as this machine can know. */
export interface Grounds {
  /** For the log. */
  readonly text: string
  readonly about: Readonly<Record<string, unknown>>
}

/** What an {@link Appellant} needs. */
export interface AppellantOptions {
  readonly contracts: Contracts
  readonly events: Pick<EventStore, 'committeeNamed'>
  readonly publisher: Outbox
  readonly operator: Address
  /** Undefined: nothing is wrong with the verdict. */
  readonly grounds: (dossier: Dossier, judgment: Judgment) => Promise<Grounds | undefined>
  /** Largest bond to put up, token units; zero: never appeal, only say so. */
  readonly upTo: bigint
  /** What all bonds of 24 hours may come to, token units. */
  readonly perDay: bigint
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
}

const DAY = 86_400

/** Appeals wrong verdicts, for bonds within its limits. The verdict of an appeal is taken as it is: there is only one. */
export class Appellant {
  readonly #options: AppellantOptions
  readonly #pauses: Pauses
  readonly #told = new Set<string>()
  /** Bonds on the way, by workload, until their events are stored. */
  readonly #sent = new Map<WorkloadId, bigint>()
  readonly #times = new Map<number, number>()

  constructor(options: AppellantOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /**
   * Looks at a verdict that can be appealed.
   * @returns Whether there are grounds for an appeal.
   */
  async consider(dossier: Dossier, judgment: Judgment, rules: Rules): Promise<boolean> {
    const { grounds, upTo, perDay, time } = this.#options
    const { workload, terms } = dossier
    const found = await grounds(dossier, judgment)
    if (found === undefined) return false
    const { text } = found
    const bond = appealBond(splitFee(terms.fee, rules, true).committee)
    const secondsLeft = judgment.until + rules.verdictWindow - time.now()
    const about = { workload, stage: 'verify', ...found.about, bond, secondsLeft }
    if (bond > upTo) this.#tell(workload, `${text}; appealing is up to you`, about)
    else if ((await this.#spentToday()) + bond > perDay)
      this.#tell(workload, `${text}; the bonds of a day are spent, appealing is up to you`, about)
    else await this.#appeal(dossier, bond, text, about)
    return true
  }

  /** Says what cannot be done here, once a workload. */
  #tell(workload: WorkloadId, text: string, about: Readonly<Record<string, unknown>>): void {
    if (!this.#told.has(workload)) this.#options.log.error(text, about)
    this.#told.add(workload)
  }

  /** Bonds of the last 24 hours: those on the chain, also of an earlier process, and those on the way. */
  async #spentToday(): Promise<bigint> {
    const { events, operator, time } = this.#options
    const own = (await events.committeeNamed('Appealed')).filter(({ args }) => args.appellant === operator)
    let spent = 0n
    for (const { args, at } of own.toReversed()) {
      if ((await this.#timeOf(at.block)) <= time.now() - DAY) break
      spent += args.bond
    }
    for (const { args } of own) this.#sent.delete(args.workload)
    for (const bond of this.#sent.values()) spent += bond
    return spent
  }

  async #timeOf(block: number): Promise<number> {
    const known = this.#times.get(block)
    if (known !== undefined) return known
    try {
      // A block that is not there any more is one of these minutes.
      const { timestamp } = (await this.#options.contracts.provider.getBlock(block)) ?? {
        timestamp: this.#options.time.now(),
      }
      this.#times.set(block, timestamp)
      return timestamp
    } catch (error) {
      throw asChainError(error, `reading block ${block}`)
    }
  }

  async #appeal(
    { workload, spec }: Dossier,
    bond: bigint,
    text: string,
    about: Readonly<Record<string, unknown>>,
  ): Promise<void> {
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
      return log.error(`${text}, and the account has too few tokens to appeal`, about)
    }
    if (allowance < bond) {
      const data = token.interface.encodeFunctionData('approve', [addresses.committee, bond])
      void publisher.publish({ key: 'approve', to: addresses.token, data, priority: 'answer', about })
      return
    }
    log.warn('appealing a verdict', about)
    this.#sent.set(workload, bond)
    const data = committee.interface.encodeFunctionData('appeal', [spec])
    void publisher
      .publish({ key, to: addresses.committee, data, priority: 'answer', about: { ...about, act: 'appeal' } })
      .then(({ kind }) => {
        if (kind === 'mined') return this.#pauses.end(key)
        this.#sent.delete(workload)
        this.#pauses.lengthen(key)
      })
  }
}
