import { digestOfAction, isAct, signerOfAction, type Contracts } from '../chain/index.js'
import { RateLimiter } from '../api/server/RateLimiter.js'
import type { Clock } from '../clock.js'
import { relayerError } from '../errors/codes/relayer.js'
import type { ChainTime } from '../worker/chain/ChainTime.js'
import type { Outbox } from '../worker/publish/Outbox.js'
import type { TxOutcome } from '../worker/publish/TxOutcome.js'
import { GasLedger } from './GasLedger.js'
import { costOf, type ActLimits } from './gasOfActs.js'
import type { ActionBody, Taken } from './wire.js'

/** What a relay pays for. */
export interface RelayLimits extends ActLimits {
  /** Accounts whose acts are carried out. */
  readonly accounts: readonly string[]
  /** Acts an account may hand in a minute. */
  readonly actsPerMinute: number
}

/** What a {@link RelayDesk} needs. */
export interface RelayDeskOptions {
  readonly contracts: Contracts
  readonly limits: RelayLimits
  /** Sends with the relay's own key; it simulates first. */
  readonly outbox: Outbox
  readonly time: ChainTime
  readonly clock: Clock
}

/** Farthest deadline that is taken, seconds ahead. */
export const LONGEST_DEADLINE = 3_600
/** Acts of one account that may wait at the same time. */
const MOST_WAITING = 32
// An act that would revert is known within a moment; nobody is kept waiting for a block.
const ANSWER_MS = 1_500

/**
 * Decides what the relay pays for, and has it carried out. Everything that can be told from the request alone is told before the chain
 * is asked, and nothing is counted against an account that it has not signed.
 */
export class RelayDesk {
  readonly #options: RelayDeskOptions
  readonly #accounts: ReadonlySet<string>
  readonly #ledger: GasLedger
  readonly #rate: RateLimiter
  readonly #waiting = new Map<string, number>()

  constructor(options: RelayDeskOptions) {
    const { accounts, gasPerDay, actsPerMinute } = options.limits
    this.#options = options
    this.#accounts = new Set(accounts.map((account) => account.toLowerCase()))
    this.#ledger = new GasLedger(gasPerDay)
    this.#rate = new RateLimiter(actsPerMinute / 60, actsPerMinute)
  }

  /** Counts what was sent before this process began. @param at Milliseconds. */
  remember(account: string, gas: bigint, at: number): void {
    this.#ledger.reserve(account.toLowerCase(), gas, at)
  }

  /**
   * Takes an action, or says why not.
   * @throws GevulotError `RELAYER_*`; `CONTRACT_*` when it would revert; `CHAIN_*`
   */
  async take({ chainId, relay, action, signature }: ActionBody): Promise<Taken> {
    const { contracts, limits, outbox, time, clock } = this.#options
    const { addresses } = contracts
    const account = action.from.toLowerCase()
    if (chainId !== contracts.chainId || relay !== addresses.relay) {
      const message = `the action is for ${relay} on chain ${chainId}, not ${addresses.relay} on ${contracts.chainId}`
      throw relayerError('RELAYER_REQUEST_INVALID', message)
    }
    if (!this.#accounts.has(account)) {
      throw relayerError('RELAYER_ACCOUNT_UNKNOWN', `this relay does not serve ${action.from}`)
    }
    if (action.gas > limits.maxGas) {
      throw relayerError('RELAYER_LIMIT_REACHED', `the act asks for ${action.gas} gas, at most is ${limits.maxGas}`)
    }
    const now = time.now()
    if (action.deadline < now || action.deadline > now + LONGEST_DEADLINE) {
      throw relayerError('RELAYER_DEADLINE_REFUSED', `the deadline is ${action.deadline}, it is ${now} now`)
    }
    const domain = { chainId, relay: addresses.relay }
    if (signerOfAction(domain, action, signature) !== action.from) {
      throw relayerError('RELAYER_SIGNATURE_INVALID', `the signature is not by ${action.from}`)
    }
    // A batch is taken apart for this: nobody but its account has that done.
    if (!isAct(contracts, action)) {
      const message = `${action.data.slice(0, 10)} of ${action.target} is no act of a seat or a keeper`
      throw relayerError('RELAYER_ACT_REFUSED', message)
    }
    const key = `relay/${account}/${digestOfAction(domain, action)}`
    const isNew = !outbox.isPending(key)
    const giveBack = isNew ? this.#admit(account, costOf(action.gas, action.data.length / 2)) : () => undefined
    const outcome = outbox.publish({
      ...{ key, to: addresses.relay, priority: 'answer', deadline: action.deadline },
      data: contracts.relay.interface.encodeFunctionData('execute', [{ ...action }, signature]),
      about: { stage: 'relay', account: action.from, digest: key.slice(-66) },
    })
    if (isNew) void outcome.then((end) => this.#conclude(account, end, giveBack))
    return answerOf(await Promise.race([outcome, clock.sleep(ANSWER_MS)]))
  }

  /** Holds an account to its limits. @returns Takes back what was set apart. */
  #admit(account: string, gas: bigint): () => void {
    const { clock, limits } = this.#options
    const now = clock.now()
    const wait = this.#rate.take(account, now)
    if (wait > 0) {
      const message = `more than ${limits.actsPerMinute} acts a minute`
      throw relayerError('RELAYER_RATE_LIMITED', message, { details: { wait } })
    }
    const waiting = this.#waiting.get(account) ?? 0
    if (waiting >= MOST_WAITING) {
      throw relayerError('RELAYER_LIMIT_REACHED', `${waiting} acts of the account wait already`)
    }
    const left = this.#ledger.left(account, now)
    if (gas > left) {
      throw relayerError('RELAYER_LIMIT_REACHED', `the act may use ${gas} gas, ${left} are left within 24 hours`)
    }
    this.#waiting.set(account, waiting + 1)
    return this.#ledger.reserve(account, gas, now)
  }

  #conclude(account: string, outcome: TxOutcome, giveBack: () => void): void {
    this.#waiting.set(account, (this.#waiting.get(account) ?? 1) - 1)
    // What was never sent has cost nothing.
    const isSent = outcome.kind !== 'failed' && !(outcome.kind === 'reverted' && outcome.hash === undefined)
    if (!isSent) giveBack()
  }
}

function answerOf(outcome: TxOutcome | undefined | void): Taken {
  if (outcome === undefined) return { status: 'sent', transaction: null }
  switch (outcome.kind) {
    case 'mined':
      return { status: 'mined', transaction: outcome.hash }
    case 'reverted':
    case 'failed':
      throw outcome.error
    case 'expired':
      throw relayerError('RELAYER_DEADLINE_REFUSED', 'the deadline passed before the act could be carried out')
    case 'superseded':
      throw relayerError('RELAYER_STOPPED', 'somebody else uses the key of this relay')
  }
}
