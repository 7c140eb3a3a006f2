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
  readonly events: Pick<EventStore, 'committeeNamed' | 'cursor'>
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

/** A bond that may be spent, though no event of it is stored. */
interface OpenBond {
  readonly amount: bigint
  /** Block up to which its event may come, since its transaction is under way no more. */
  readonly until?: number
}

const DAY = 86_400
const KEY = 'appeal/'
/** Blocks by which a reorg may have what was mined mined later. */
const MINED_AGAIN_WITHIN = 32

/** Appeals wrong verdicts, for bonds within its limits. The verdict of an appeal is taken as it is: there is only one. */
export class Appellant {
  readonly #options: AppellantOptions
  readonly #pauses: Pauses
  readonly #told = new Set<string>()
  /** Bonds on the way, by workload, until their events are stored, or none will be. */
  readonly #open = new Map<WorkloadId, OpenBond>()
  /** One at a time: two must not both be put up from what is left of the day for one. */
  #turn: Promise<void> = Promise.resolve()
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
    const { grounds, time } = this.#options
    const { workload, terms } = dossier
    const found = await grounds(dossier, judgment)
    if (found === undefined) return false
    const { text } = found
    const bond = appealBond(splitFee(terms.fee, rules, true).committee)
    const secondsLeft = judgment.until + rules.verdictWindow - time.now()
    const about = { workload, stage: 'verify', ...found.about, bond, secondsLeft }
    const turn = this.#turn.then(() => this.#appealWithin(dossier, bond, text, about))
    this.#turn = turn.catch(() => undefined)
    await turn
    return true
  }

  /** Appeals, if the limits leave room for it. */
  async #appealWithin(
    dossier: Dossier,
    bond: bigint,
    text: string,
    about: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { upTo, perDay, publisher } = this.#options
    const { workload } = dossier
    if (publisher.isPending(`${KEY}${workload}`)) return
    if (bond > upTo) this.#tell(workload, `${text}; appealing is up to you`, about)
    else if ((await this.#spentBeside(workload)) + bond > perDay)
      this.#tell(workload, `${text}; the bonds of a day are spent, appealing is up to you`, about)
    else await this.#appeal(dossier, bond, text, about)
  }

  /** Says what cannot be done here, once a workload. */
  #tell(workload: WorkloadId, text: string, about: Readonly<Record<string, unknown>>): void {
    if (!this.#told.has(workload)) this.#options.log.error(text, about)
    this.#told.add(workload)
  }

  /** Other bonds of the last 24 hours: those on the chain, and those on the way; also of an earlier process. */
  async #spentBeside(workload: WorkloadId): Promise<bigint> {
    const { events, operator, time } = this.#options
    // Before the events, so that they are of all blocks below it.
    const next = (await events.cursor())?.next ?? 0
    const own = (await events.committeeNamed('Appealed')).filter(({ args }) => args.appellant === operator)
    let spent = 0n
    for (const { args, at } of own.toReversed()) {
      if ((await this.#timeOf(at.block)) <= time.now() - DAY) break
      spent += args.bond
    }
    await this.#lookAtOpen(next)
    for (const { args } of own) this.#open.delete(args.workload)
    for (const [other, { amount }] of this.#open) if (other !== workload) spent += amount
    return spent
  }

  /** Takes up what an earlier process has on the way, and drops what has come to nothing. */
  async #lookAtOpen(next: number): Promise<void> {
    const { publisher, upTo } = this.#options
    for (const key of publisher.pendingKeys()) {
      const workload = key.slice(KEY.length) as WorkloadId
      // What it had put up is not known any more, but not more than may be.
      if (key.startsWith(KEY) && !this.#open.has(workload)) this.#open.set(workload, { amount: upTo })
    }
    for (const [workload, { amount, until }] of this.#open) {
      if (publisher.isPending(`${KEY}${workload}`)) this.#open.set(workload, { amount })
      else if (until === undefined)
        this.#open.set(workload, { amount, until: (await this.#newestBlock()) + MINED_AGAIN_WITHIN })
      else if (until < next) this.#open.delete(workload)
    }
  }

  async #newestBlock(): Promise<number> {
    try {
      return await this.#options.contracts.provider.getBlockNumber()
    } catch (error) {
      throw asChainError(error, 'reading the newest block')
    }
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
    const key = `${KEY}${workload}`
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
    this.#open.set(workload, { amount: bond })
    const data = committee.interface.encodeFunctionData('appeal', [spec])
    void publisher
      .publish({ key, to: addresses.committee, data, priority: 'answer', about: { ...about, act: 'appeal' } })
      .then(({ kind }) => {
        if (kind === 'mined') return this.#pauses.end(key)
        this.#open.delete(workload)
        this.#pauses.lengthen(key)
      })
  }
}
