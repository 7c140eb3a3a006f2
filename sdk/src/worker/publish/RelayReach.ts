import type { Provider } from 'ethers'
import { asChainError, ZERO_ADDRESS, type Contracts, type Program } from '../../chain/index.js'
import { BESIDE_BYTES, TRANSACTION_LIMITS } from '../../chain/transactionLimits.js'
import type { Clock } from '../../clock.js'
import { DEFAULT_LIMITS, mostGasOf, type ActLimits } from '../../relay/gasOfActs.js'
import { MAX_CALL_BYTES } from '../../relay/wire.js'
import type { Logger } from '../log/Logger.js'
import { gasToReveal } from '../run/gasToReveal.js'
import { readRelay } from './askRelay.js'
import { firstFees } from './fees.js'

/** What a {@link RelayReach} needs. */
export interface RelayReachOptions {
  /** Base URLs; none: the account pays for all itself. */
  readonly relays: readonly string[]
  readonly contracts: Contracts
  readonly provider: Pick<Provider, 'getBalance' | 'getBlock'>
  /** Account that sends what no relay carries out. */
  readonly account: string
  readonly maxGas: bigint
  /** Wei per gas. */
  readonly maxFee: bigint
  /** Wei per gas. */
  readonly tip: bigint
  readonly clock: Clock
  readonly log: Logger
}

/** What one relay takes. */
interface RelayTerms extends ActLimits {
  readonly maxBytes: number
}

/** Why a proof cannot be shown to a verifier contract. */
export interface Excess {
  readonly why: string
  /** Whether that may be over soon: a relay that has not said its limits yet may have higher ones, or gas become cheap enough for the account. */
  readonly isPassing: boolean
}

/** How long what a relay said of itself counts. */
const KNOWN_MS = 60_000
/** How long a relay that has never said anything is left alone: short work has seconds for its answer. */
const UNKNOWN_MS = 10_000
/** Of a relay that never said what it takes: as one that was given no limits. */
const USUAL: RelayTerms = { ...DEFAULT_LIMITS, maxBytes: MAX_CALL_BYTES }
/** What such a relay may turn out to take. */
const ANYTHING: RelayTerms = { maxGas: 2n ** 64n, gasPerDay: 2n ** 64n, maxBytes: MAX_CALL_BYTES }
/** Bytes of a keeper's batch, and more. */
const BATCH_BYTES = 32 * 1024
const NOTHING: RelayTerms = { maxGas: 0n, gasPerDay: 0n, maxBytes: 0 }

/**
 * How large an act relays carry out. They are asked; one that cannot be asked counts as what it said last. Who says more than it keeps to has only
 * found another way to carry out nothing.
 */
export class RelayReach {
  readonly #options: RelayReachOptions
  readonly #asked = new Map<string, { readonly terms: Promise<RelayTerms>; readonly until: number }>()
  /** What each relay said last. */
  readonly #said = new Map<string, RelayTerms>()

  constructor(options: RelayReachOptions) {
    this.#options = options
  }

  /**
   * Why a proof could not be shown to a verifier contract: no relay carries that out, and the account has not the gas money for it. Undefined when it can be. Whoever
   * commits to such a proof is slashed for its silence. What passes ends no work before its answer or its commitment is due.
   * @param content The public inputs and the proof, as far as they are there.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async excess(
    { verifier, verifierGas }: Pick<Program, 'verifier' | 'verifierGas'>,
    ...content: readonly Uint8Array[]
  ): Promise<Excess | undefined> {
    const { relays } = this.#options
    // To a committee a proof is shown by its digest.
    if (relays.length === 0 || verifier === ZERO_ADDRESS) return undefined
    const gas = gasToReveal(verifierGas, ...content)
    const bytes = content.reduce((sum, { length }) => sum + length, BESIDE_BYTES)
    const most = await Promise.all(relays.map((url) => this.mostGas(url, bytes)))
    if (most.some((each) => gas <= each)) return undefined
    const account = await this.#accountPays(gas)
    if (account === 'now') return undefined
    const mayBeTaken = gas <= this.#mostBy(ANYTHING, bytes) && relays.some((url) => !this.#said.has(url))
    const takes = `to show a proof to its verifier takes up to ${gas} gas in a call of up to ${bytes} bytes`
    return {
      why: `${takes}: no relay carries that out, and the account has not the gas money for it`,
      isPassing: mayBeTaken || account === 'later',
    }
  }

  /** The most gas that an act of so many bytes can ask a relay for; not above 0 when it takes no such act. */
  async mostGas(url: string, bytes: number): Promise<bigint> {
    return this.#mostBy(await this.#termsOf(url), bytes)
  }

  #mostBy(terms: RelayTerms, bytes: number): bigint {
    const { maxGas } = this.#options
    if (bytes > terms.maxBytes) return 0n
    // Where a transaction may have more, the operator says so.
    return mostGasOf(terms, bytes, maxGas > TRANSACTION_LIMITS.gas ? maxGas : TRANSACTION_LIMITS.gas)
  }

  /** The gas that acts may ask for together which need not go together: what the relay gives that gives most, or what the account gives where there are none. */
  async mostTogether(): Promise<bigint> {
    const { relays, maxGas } = this.#options
    if (relays.length === 0) return maxGas
    const most = await Promise.all(relays.map((url) => this.mostGas(url, BATCH_BYTES)))
    const given = most.reduce((a, b) => (a > b ? a : b))
    return given < maxGas ? given : maxGas
  }

  async #termsOf(url: string): Promise<RelayTerms> {
    const { clock } = this.#options
    const now = clock.elapsed()
    const asked = this.#asked.get(url)
    if (asked !== undefined && now < asked.until) return asked.terms
    const terms = this.#ask(url)
    this.#asked.set(url, { terms, until: now + (this.#said.has(url) ? KNOWN_MS : UNKNOWN_MS) })
    return terms
  }

  async #ask(url: string): Promise<RelayTerms> {
    const { contracts, log } = this.#options
    const about = { stage: 'relay', relay: new URL(url).host }
    const facts = await readRelay(url)
    if (facts === undefined) {
      log.debug('a relay does not say what it takes', about)
      return this.#said.get(url) ?? USUAL
    }
    const isOurs = facts.chainId === contracts.chainId && facts.relay === contracts.addresses.relay
    if (!isOurs) log.warn('a relay is of another chain or another relay contract', about)
    const terms = isOurs ? facts : NOTHING
    this.#said.set(url, terms)
    return terms
  }

  /** Whether the account has what nodes ask for a transaction of so much gas: now, when the base fee falls, or never. */
  async #accountPays(gas: bigint): Promise<'now' | 'later' | 'never'> {
    const { provider, account, tip, maxFee } = this.#options
    try {
      const [balance, block] = await Promise.all([provider.getBalance(account), provider.getBlock('latest')])
      const fee = firstFees(block?.baseFeePerGas ?? 0n, tip, maxFee)?.maxFee ?? maxFee
      if (balance >= gas * fee) return 'now'
      return balance > gas * tip ? 'later' : 'never'
    } catch (error) {
      throw asChainError(error, 'reading what the account can pay for')
    }
  }
}
