import type { Hex, ProgramId, WorkloadId } from '../../chain/hex.js'
import type { GevulotClient } from '../../client/createClient.js'
import { openDeliveries, type OpenedDelivery } from '../../client/delivery/openDeliveries.js'
import type { Verification } from '../../client/verifyProof.js'
import { verifyWithPackages } from '../../client/verifyProofWithProgram.js'
import type { Clock } from '../../clock.js'
import type { ContentStore } from '../../content/ContentStore.js'
import { parseDigest, type Digest } from '../../content/digest.js'
import type { PackageCache } from '../../content/PackageCache.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import { MAX_RESULTS_BYTES } from '../protocol/bundle.js'
import type { StoredBundle } from '../store/JobBook.js'
import { endOf, VERIFY_SECONDS, warnOfKey, type Candidate, type Order, type Requester, type Sighting, type Submission, type Terms } from './Requester.js' // prettier-ignore

/** What a {@link WalletRequester} works with. */
export interface WalletRequesterOptions {
  /** With a signer and a store; with an inbox, a delivery key, and for `trust: 'program'` a runtime. */
  readonly client: GevulotClient
  readonly log: Logger
  /** Whether to pay what the balance in the market lacks from the account's tokens. */
  readonly deposit: boolean
  /** Where verifier packages are kept. */
  readonly cacheDirectory: string | PackageCache
  /** Where inputs lie while a verifier runs. */
  readonly workDirectory?: string
}

/** How long the chain may be behind a nonce that was taken; then somebody else has acted for the account. */
const BEHIND_MS = 600_000
const REORG_MARGIN = 256

/** What the operator has to mend; the bundle did nothing wrong, and waits. */
const OPERATORS = [
  ...['CONTRACT_INSUFFICIENT_BALANCE', 'CONTRACT_ERC20_INSUFFICIENT_BALANCE', 'CHAIN_GAS_FUNDS_LOW'],
  ...['WORKER_SIGNER_REFUSED', 'WORKER_SIGNER_WRONG'],
]

/**
 * Pays with an account of its own. The nonce of a bundle is durable before anything is sent, and the same request with the same nonce is found, not
 * submitted twice.
 */
export class WalletRequester implements Requester {
  readonly clock: Clock
  readonly account: string
  readonly chainId: number
  readonly store: ContentStore
  readonly canVerify: boolean
  readonly #options: WalletRequesterOptions
  /** Since when the nonce of a bundle is ahead of the chain; milliseconds. */
  readonly #ahead = new Map<number, number>()

  /** @throws GevulotError AZTEC_CONFIG_INVALID */
  constructor(options: WalletRequesterOptions) {
    const { clock, store, account, runtime, contracts } = options.client
    if (store === undefined || account === undefined) {
      throw aztecError('AZTEC_CONFIG_INVALID', 'the adapter needs a client with a key and a store that can be written')
    }
    this.#options = options
    this.clock = clock
    this.account = account
    this.chainId = contracts.chainId
    this.store = store
    this.canVerify = runtime !== undefined
  }

  /** What the account lacks shows at each submission, and is the operator's to mend. */
  shortage(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  async quote(terms: Terms): Promise<bigint> {
    return (await this.#options.client.quote(terms)).minimumFee
  }

  async submit(order: Order, signal: AbortSignal): Promise<Submission> {
    const { client, log, deposit } = this.#options
    const { bundle, isWanted, note } = order
    if (bundle.nonce === null && !isWanted) return { kind: 'over', why: 'all of its jobs are over' }
    const fee = BigInt(bundle.fee)
    try {
      const { market, nonce: next } = await client.getBalance()
      const nonce = bundle.nonce ?? next
      if (nonce >= next && client.clock.now() > bundle.deadline) return { kind: 'over', why: 'the epoch is over' }
      // With a nonce that is used the fee is paid already.
      if (deposit && market < fee && nonce >= next) await client.deposit({ amount: fee - market, signal })
      // With a key that was lost since it would be another request, and the fee be paid twice.
      const own = client.deliveryKey?.publicKey ?? null
      const deliveryKey = bundle.nonce === null ? own : (bundle.delivery_key ?? own)
      if (deliveryKey !== own) warnOfKey(log, bundle)
      await note({ nonce, delivery_key: deliveryKey })
      const { workload, block, created } = await client.submit({
        program: bundle.program as ProgramId,
        inputs: { digest: bundle.inputs, publicInputs: bundle.public_inputs as Hex },
        ...{ fee, maxRunTime: bundle.max_run_time, redundancy: bundle.redundancy, nonce, signal },
        ...(deliveryKey !== null && { deliveryKey: deliveryKey as Hex }),
      })
      this.#ahead.delete(bundle.id)
      return { kind: 'submitted', workload, block, created }
    } catch (error) {
      // The chain is behind the nonce, after a reorg or as an endpoint tells it that lags: what was sent with it may yet be mined.
      if (GevulotError.is(error, 'CONTRACT_WRONG_NONCE') && !this.#isBehindForGood(bundle)) {
        log.warn('the chain is behind the nonce of a bundle', { stage: 'submit', bundle: bundle.id })
        return { kind: 'later' }
      }
      // Somebody else acted for the account: this bundle takes another nonce.
      if (GevulotError.is(error, 'CLIENT_NONCE_USED') || GevulotError.is(error, 'CONTRACT_WRONG_NONCE')) {
        this.#ahead.delete(bundle.id)
        await note({ nonce: null })
        return { kind: 'later' }
      }
      if (!(error instanceof GevulotError) || error.retryable) throw error
      if (OPERATORS.includes(error.code)) {
        await note({ nonce: null })
        log.error('the account cannot pay for a bundle', { stage: 'submit', bundle: bundle.id, error })
        throw error
      }
      return { kind: 'over', why: `${error.code}: ${error.message}`, error }
    }
  }

  async read(bundle: StoredBundle, signal: AbortSignal): Promise<Sighting | undefined> {
    const { client } = this.#options
    const { fromBlock } = client.contracts
    try {
      const workload = await client.getWorkload({
        workload: bundle.workload as WorkloadId,
        ...(bundle.block !== null && { fromBlock: Math.max(fromBlock, bundle.block - REORG_MARGIN) }),
        signal,
      })
      const isReleasable = workload.status === 'proving' && workload.commits >= workload.terms.redundancy
      const slots = workload.slots.map((slot) => ({ ...slot, ...(slot.proof && { proofDigest: slot.proof.digest }) }))
      return { workload: workload.workload, slots, ended: endOf(workload), isReleasable }
    } catch (error) {
      if (!GevulotError.is(error, 'CLIENT_WORKLOAD_UNKNOWN')) throw error
      return undefined
    }
  }

  async fetchProof({ workload }: Sighting, seat: number, signal: AbortSignal): Promise<Uint8Array> {
    return (await this.#options.client.fetchProof({ workload, seat, signal })).proof
  }

  async fetchRevealed(digest: Digest, signal: AbortSignal): Promise<Uint8Array> {
    return (this.#options.client.source ?? this.store).get(digest, { maxBytes: MAX_RESULTS_BYTES, signal })
  }

  async deliveries(
    _: StoredBundle,
    sighting: Sighting,
    __: unknown,
    signal: AbortSignal,
  ): Promise<readonly OpenedDelivery[]> {
    const { client } = this.#options
    if (client.inbox === undefined || client.deliveryKey === undefined) return []
    return openDeliveries(client, sighting, { signal })
  }

  async verify(
    bundle: StoredBundle,
    { proof, operator: prover }: Candidate,
    signal: AbortSignal,
  ): Promise<Verification> {
    const { client, cacheDirectory, workDirectory } = this.#options
    return verifyWithPackages(client, {
      ...{ program: bundle.program as ProgramId, workload: bundle.workload as WorkloadId, prover, proof },
      ...{ inputs: parseDigest(bundle.inputs), seconds: VERIFY_SECONDS, cacheDirectory, signal },
      ...(workDirectory !== undefined && { workDirectory }),
    })
  }

  async release({ workload }: StoredBundle, signal: AbortSignal): Promise<void> {
    await this.#options.client.release({ workload: workload as WorkloadId, signal })
  }

  async cancel(bundle: StoredBundle, signal: AbortSignal): Promise<void> {
    await this.#options.client.cancel({ workload: bundle.workload as WorkloadId, signal })
  }

  #isBehindForGood({ id }: StoredBundle): boolean {
    const now = this.clock.elapsed()
    const since = this.#ahead.get(id) ?? now
    this.#ahead.set(id, since)
    return now - since > BEHIND_MS
  }
}
