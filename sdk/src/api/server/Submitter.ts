import type { ProgramId, WorkloadId, Hex } from '../../chain/hex.js'
import type { GevulotClient } from '../../client/createClient.js'
import { apiError } from '../../errors/codes/api.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import { Bell } from '../../worker/Bell.js'
import type { RequestStore, StoredRequest } from '../store/RequestStore.js'
import type { ApiKeys } from './ApiKeys.js'

/** What a {@link Submitter} works with. */
export interface SubmitterOptions {
  readonly client: GevulotClient
  readonly requests: RequestStore
  readonly keys: Pick<ApiKeys, 'isValid'>
  readonly log: Logger
  /** Whether to pay what the balance in the market lacks from the account's tokens. */
  readonly deposit: boolean
}

const LOOK_MS = 5_000
const RETRY_MS = 2_000
/** A request that the account cannot pay for, or that the contracts do not take now, waits this long and holds up no other. */
const DEFER_MS = 30_000
/** How long the chain may be behind a nonce that was taken; then somebody else has acted for the account. */
const BEHIND_MS = 600_000
/** A request whose workload was on the chain longer ago is not submitted again. */
const OPEN_MS = 8 * 86_400_000
/** Cancels and releases of one key at a time: each looks at the chain until it is through, which takes a cancel minutes. */
const MOST_ACTS = 8

/** What is done with a workload that is submitted. */
type Act = 'cancel' | 'release'

/**
 * Takes accepted requests to the chain, one after the other and keys in turn, so that one that asks for much keeps no other waiting. The nonce of a
 * request is durable before anything is sent, and the same request with the same nonce is found, not submitted twice: so it may be killed at any moment
 * and goes on where it was.
 */
export class Submitter {
  readonly #options: SubmitterOptions
  readonly #bell: Bell
  /** What is under way, by act and request, with its key. */
  readonly #acts = new Map<string, { readonly key: string; readonly ended: Promise<void> }>()
  /** Which turn each key had last. */
  readonly #turns = new Map<string, number>()
  #turn = 0
  /** Until when a request waits for the operator. */
  readonly #deferred = new Map<number, number>()
  /** Since when the chain is behind the nonce of a request. */
  readonly #ahead = new Map<number, number>()

  constructor(options: SubmitterOptions) {
    this.#options = options
    this.#bell = new Bell(options.client.clock)
  }

  /** Something changed: look now. */
  wake(): void {
    this.#bell.ring()
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#step(signal).catch((error: unknown) => this.#pause(error, signal))
    await Promise.all([...this.#acts.values()].map(({ ended }) => ended))
  }

  async #step(signal: AbortSignal): Promise<void> {
    await this.#startActs(signal)
    await this.#findLost()
    const request = await this.#next()
    if (request === undefined) await this.#bell.wait(LOOK_MS, signal)
    else await this.#submit(request, signal)
  }

  /** One that has begun before all others: its nonce is the account's next. Then the key that has waited longest. */
  async #next(): Promise<StoredRequest | undefined> {
    const heads = await this.#options.requests.heads(this.#waiting())
    const place = ({ key_id, nonce }: StoredRequest): number => (nonce !== null ? -1 : (this.#turns.get(key_id) ?? 0))
    const [next] = heads.toSorted((a, b) => place(a) - place(b) || a.id - b.id)
    if (next !== undefined) this.#turns.set(next.key_id, ++this.#turn)
    return next
  }

  async #findLost(): Promise<void> {
    const { client, requests, log } = this.#options
    const lost = await requests.reopenLost(client.clock.now() - OPEN_MS)
    if (lost > 0) log.warn('a reorg took workloads away: they are submitted again', { stage: 'submit', requests: lost })
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { client, log } = this.#options
    log.warn('a request could not be submitted yet', { stage: 'submit', error })
    await client.clock.sleep(RETRY_MS, signal).catch(() => undefined)
  }

  /** Takes one request as far as it goes. Throws what may pass by itself. */
  async #submit(request: StoredRequest, signal: AbortSignal): Promise<void> {
    const { client, requests, keys, log, deposit } = this.#options
    const fee = BigInt(request.fee)
    try {
      // Whoever has a key that is revoked may have filled the queue with it.
      if (request.nonce === null && !(await keys.isValid(request.key_id)))
        throw apiError('API_UNAUTHORISED', 'the key was revoked before anything was sent')
      const { market, nonce: next } = await client.getBalance()
      const nonce = request.nonce ?? next
      // With a nonce that is used the fee is paid already.
      if (deposit && market < fee && nonce >= next) await client.deposit({ amount: fee - market, signal })
      if (!(await requests.take(request.id, nonce))) return
      const { workload, block, transaction } = await client.submit({
        program: request.program as ProgramId,
        inputs: { digest: request.inputs, publicInputs: request.public_inputs as Hex },
        ...{ fee, maxRunTime: request.max_run_time, redundancy: request.redundancy, rescue: request.rescue },
        ...{ inputsUri: request.inputs_uri, nonce, signal },
        ...(request.delivery_key !== null && { deliveryKey: request.delivery_key as Hex }),
      })
      await requests.settle(request.id, {
        ...{ state: 'submitted', workload, submitted_block: block, gas_cost: await this.#gasCostOf(transaction) },
      })
      this.#ahead.delete(request.id)
      log.info('submitted', {
        stage: 'submit',
        request: request.public_id,
        key: request.key_id,
        workload,
        fee: request.fee,
      })
    } catch (error) {
      if (GevulotError.is(error, 'CONTRACT_WRONG_NONCE') && (await this.#isBehind(request, error))) return
      // Somebody else acted for the account: this request takes another nonce.
      if (GevulotError.is(error, 'CLIENT_NONCE_USED') || GevulotError.is(error, 'CONTRACT_WRONG_NONCE')) {
        this.#ahead.delete(request.id)
        await requests.take(request.id, null)
        return
      }
      if (!(error instanceof GevulotError)) throw error
      if (isOperators(error) || isOfTheContracts(error)) {
        // What had its nonce before may have been sent, and then it is found by it.
        if (request.nonce === null) await requests.take(request.id, null)
        this.#deferred.set(request.id, client.clock.now() + DEFER_MS)
        if (isOperators(error))
          log.error('the account cannot pay for a request', { stage: 'submit', request: request.public_id, error })
        else log.warn('the contracts do not take a request now', { stage: 'submit', request: request.public_id, error })
        return
      }
      if (error.retryable) throw error
      const { code, message, hint } = error
      await requests.settle(request.id, { state: 'refused', error: JSON.stringify({ code, message, hint }) })
      log.warn('refused', { stage: 'submit', request: request.public_id, code })
    }
  }

  /** Wei that a transaction cost; null: the endpoint does not say it now, and nothing waits for it. */
  async #gasCostOf(transaction: string): Promise<string | null> {
    const receipt = await this.#options.client.contracts.provider.getTransactionReceipt(transaction).catch(() => null)
    return receipt === null ? null : String(receipt.gasUsed * receipt.gasPrice)
  }

  /**
   * Whether the chain may still come to the nonce of a request: after a reorg, or as an endpoint tells it that lags, it is behind, and what was
   * sent with this nonce may yet be mined. What a reorg has taken away is submitted again, with the nonce that it had.
   */
  async #isBehind({ id, public_id }: StoredRequest, { details }: GevulotError): Promise<boolean> {
    const { client, requests, log } = this.#options
    const now = client.clock.now()
    const since = this.#ahead.get(id) ?? now
    this.#ahead.set(id, since)
    if (now - since > BEHIND_MS) return false
    const lost = await requests.reopen(Number(details?.['want']), now - BEHIND_MS)
    log.warn('the chain is behind the nonce of a request', {
      stage: 'submit',
      request: public_id,
      submittedAgain: lost,
    })
    // It holds up no other, and what is submitted again goes before it.
    this.#deferred.set(id, now + RETRY_MS)
    return true
  }

  #waiting(): readonly number[] {
    const now = this.#options.client.clock.now()
    for (const [id, until] of this.#deferred) if (until <= now) this.#deferred.delete(id)
    return [...this.#deferred.keys()]
  }

  async #startActs(signal: AbortSignal): Promise<void> {
    for (const request of await this.#options.requests.toAct()) {
      const wanted = [
        ...(request.releasing ? ['release' as const] : []),
        ...(request.cancelling ? ['cancel' as const] : []),
      ]
      for (const act of wanted) {
        const name = `${act} ${request.id}`
        const ofKey = [...this.#acts.values()].filter(({ key }) => key === request.key_id).length
        if (this.#acts.has(name) || ofKey >= MOST_ACTS) continue
        const ended = this.#act(act, request, signal)
          // It is noted at a later look: until then it is what it was.
          .catch((error: unknown) => {
            const about = { stage: act, request: request.public_id, workload: request.workload }
            this.#options.log.warn('what became of a workload could not be noted', { ...about, error })
          })
          .finally(() => this.#acts.delete(name))
        this.#acts.set(name, { key: request.key_id, ended })
      }
    }
  }

  /** Cancels or releases a workload; a cancel may take minutes, and a restart begins again. */
  async #act(act: Act, { id, public_id, workload }: StoredRequest, signal: AbortSignal): Promise<void> {
    const { client, requests, log } = this.#options
    const done = act === 'cancel' ? { cancelling: false } : { releasing: false }
    try {
      if (workload === null) throw apiError('API_INTERNAL', `request ${public_id} is submitted and has no workload`)
      await client[act]({ workload: workload as WorkloadId, signal })
      await requests.settle(id, done)
      this.#bell.ring()
    } catch (error) {
      if (signal.aborted) return
      const what = act === 'cancel' ? 'cancelled' : 'released'
      log.warn(`a workload could not be ${what}`, { stage: act, request: public_id, workload, error })
      // What the chain refuses stays refused; anything else is tried again at the next look.
      if (error instanceof GevulotError && !error.retryable) await requests.settle(id, done)
    }
  }
}

/** What the operator of the server has to mend; the client did nothing wrong, and the request waits. */
function isOperators({ code }: GevulotError): boolean {
  return [
    ...['CONTRACT_INSUFFICIENT_BALANCE', 'CONTRACT_ERC20_INSUFFICIENT_BALANCE', 'CHAIN_GAS_FUNDS_LOW'],
    // A file of keys that cannot be read.
    'API_CONFIG_INVALID',
  ].includes(code)
}

/** What passes, and is of this request alone: its class is paused, for example. */
function isOfTheContracts({ code, retryable }: GevulotError): boolean {
  return retryable && code.startsWith('CONTRACT_')
}
