import type { ProgramId, WorkloadId, Hex } from '../../chain/hex.js'
import { isRefusedForGood } from '../../chain/isRefusedForGood.js'
import { newestBlock } from '../../chain/readEvents.js'
import type { GevulotClient } from '../../client/createClient.js'
import { batchesOf, refusals, type SubmittedWorkload, type WorkloadRequest } from '../../client/submission.js'
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
/** Requests that go together at most; what fits one transaction may be fewer. */
const MOST_TOGETHER = 64
/** Cancels and releases of one key at a time: each looks at the chain until it is through, which takes a cancel minutes. */
const MOST_ACTS = 8

/** What is done with a workload that is submitted. */
type Act = 'cancel' | 'release'

/** Requests that go together. */
interface Group {
  readonly requests: readonly StoredRequest[]
  /** Whether they had their nonces before, so that something may have been sent for them. */
  readonly begun: boolean
}

/**
 * Takes accepted requests to the chain: one at once, and what comes while its transaction is under way together in the next one, keys in turn, so that one
 * that asks for much keeps no other waiting. The nonces of requests are durable before anything is sent, and the same request with the same nonce is
 * found, not submitted twice: so it may be killed at any moment and goes on where it was. A transaction takes all of its requests or none; therefore
 * what the market would refuse is left out before, and what fails together is tried in smaller parts.
 */
export class Submitter {
  readonly #options: SubmitterOptions
  readonly #bell: Bell
  /** What is under way, by act and request, with its key. */
  readonly #acts = new Map<string, { readonly key: string; readonly ended: Promise<void> }>()
  /** Which turn each key had last. */
  readonly #turns = new Map<string, number>()
  #turn = 0
  /** How many go together: fewer after something failed. */
  #most = MOST_TOGETHER
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
    const group = await this.#next()
    if (group.requests.length === 0) await this.#bell.wait(LOOK_MS, signal)
    else await this.#submit(group, signal)
  }

  /** What has begun before all others: its nonces are the account's next. Then the key that has waited longest. */
  async #next(): Promise<Group> {
    const { requests } = this.#options
    const waiting = this.#waiting()
    const begun = await requests.begun(waiting)
    if (begun.length > 0) return { requests: runOf(begun).slice(0, this.#most), begun: true }
    const turnOf = ({ key_id }: StoredRequest): number => this.#turns.get(key_id) ?? 0
    const heads = (await requests.heads(waiting)).toSorted((a, b) => turnOf(a) - turnOf(b) || a.id - b.id)
    const room = this.#most - heads.length
    const others = room > 0 ? await requests.behindHeads(waiting, room) : []
    const [fitting = []] = batchesOf([...heads, ...others].slice(0, this.#most).map((request) => ({ request, uri: request.inputs_uri }))) // prettier-ignore
    for (const { request } of fitting) this.#turns.set(request.key_id, ++this.#turn)
    return { requests: fitting.map(({ request }) => request), begun: false }
  }

  async #findLost(): Promise<void> {
    const { client, requests, log } = this.#options
    const lost = await requests.reopenLost(client.clock.now() - OPEN_MS)
    if (lost > 0) log.warn('a reorg took workloads away: they are submitted again', { stage: 'submit', requests: lost })
    const open = await requests.recancelLost(client.clock.now() - OPEN_MS)
    if (open > 0) log.warn('a reorg took cancels away: they are made again', { stage: 'cancel', requests: open })
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { client, log } = this.#options
    log.warn('a request could not be submitted yet', { stage: 'submit', error })
    await client.clock.sleep(RETRY_MS, signal).catch(() => undefined)
  }

  /** Takes requests as far as they go. Throws what may pass by itself. */
  async #submit({ requests: asked, begun }: Group, signal: AbortSignal): Promise<void> {
    const { client, requests, deposit } = this.#options
    let going = begun ? asked : await this.#ofValidKeys(asked)
    try {
      const { market, wallet, nonce: next } = await client.getBalance()
      if (!begun) going = payable(going, deposit ? market + wallet : market)
      // With a nonce that is used the fee is paid already.
      const owed = feesOf(going.filter(({ nonce }) => (nonce ?? next) >= next))
      if (deposit && market < owed) await client.deposit({ amount: owed - market, signal })
      if (!begun) going = await requests.takeAll(await this.#withoutRefused(going), next)
      const [first] = going
      if (first === undefined) return
      const submitted = await client.submitMany({ requests: going.map(wanted), nonce: first.nonce ?? next, signal })
      await this.#settle(going, submitted)
      this.#most = Math.min(MOST_TOGETHER, Math.max(this.#most, 2 * going.length))
    } catch (error) {
      const [only, ...others] = going
      if (only === undefined || signal.aborted) throw error
      if (others.length === 0) await this.#fail(only, begun, error)
      else await this.#part(going, begun, error)
    }
  }

  /** Whoever has a key that is revoked may have filled the queue with it. */
  async #ofValidKeys(asked: readonly StoredRequest[]): Promise<readonly StoredRequest[]> {
    const valid: StoredRequest[] = []
    for (const request of asked) {
      try {
        if (!(await this.#options.keys.isValid(request.key_id)))
          throw apiError('API_UNAUTHORISED', 'the key was revoked before anything was sent')
        valid.push(request)
      } catch (error) {
        await this.#fail(request, false, error)
      }
    }
    return valid
  }

  /** Tries several before they have nonces, so that one that the market does not take leaves no gap and takes no other down. */
  async #withoutRefused(asked: readonly StoredRequest[]): Promise<readonly StoredRequest[]> {
    if (asked.length < 2) return asked
    const refused = await refusals(this.#options.client, asked.map(wanted))
    for (const [index, error] of refused) {
      const request = asked[index]
      if (request === undefined) continue
      await this.#fail(request, false, error).catch((failure: unknown) => {
        if (failure !== error) throw failure
        // What may pass by itself holds up no other meanwhile.
        this.#deferred.set(request.id, this.#options.client.clock.now() + RETRY_MS)
      })
    }
    return asked.filter((_, index) => !refused.has(index))
  }

  async #settle(going: readonly StoredRequest[], submitted: readonly SubmittedWorkload[]): Promise<void> {
    const { requests, log } = this.#options
    const costs = new Map<string, string | null>()
    for (const [index, request] of going.entries()) {
      const found = submitted[index]
      if (found === undefined) throw apiError('API_INTERNAL', `request ${request.public_id} has no answer`)
      const { workload, block, transaction } = found
      const cost = costs.has(transaction) ? (costs.get(transaction) ?? null) : await this.#gasCostOf(transaction)
      costs.set(transaction, cost)
      await requests.settle(request.id, { state: 'submitted', workload, submitted_block: block, gas_cost: cost })
      this.#ahead.delete(request.id)
      log.info('submitted', {
        stage: 'submit',
        request: request.public_id,
        key: request.key_id,
        workload,
        fee: request.fee,
        together: going.length,
      })
    }
  }

  /** What becomes of one request that failed by itself. */
  async #fail(request: StoredRequest, begun: boolean, error: unknown): Promise<void> {
    const { client, requests, log } = this.#options
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
      if (!begun) await requests.take(request.id, null)
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

  /** What becomes of several that failed together: fewer are tried next, down to one, which gets an error of its own. */
  async #part(going: readonly StoredRequest[], begun: boolean, error: unknown): Promise<void> {
    const { requests, log } = this.#options
    if (!(error instanceof GevulotError)) throw error
    this.#most = Math.max(1, Math.floor(going.length / 2))
    if (error.code === 'CONTRACT_WRONG_NONCE') {
      const want = Number(error.details?.['want'])
      for (const request of going) {
        if (request.nonce === null || request.nonce <= want || (await this.#isBehind(request, error))) continue
        this.#ahead.delete(request.id)
        await requests.take(request.id, null)
      }
      return
    }
    // The chain took none of them, and nothing else was sent: so their nonces are free again.
    const isNotSent = isOperators(error) || error.code.startsWith('CONTRACT_')
    if (isNotSent && !begun) await requests.giveBack(going)
    if (error.retryable && !isNotSent) throw error
    log.warn('requests failed together', { stage: 'submit', requests: going.length, error })
  }

  /** Wei that a workload's part of a transaction cost, rounded down; null: the endpoint does not say it now, and nothing waits for it. */
  async #gasCostOf(transaction: string): Promise<string | null> {
    const { provider, market, addresses } = this.#options.client.contracts
    const receipt = await provider.getTransactionReceipt(transaction).catch(() => null)
    if (receipt === null) return null
    const { topicHash } = market.interface.getEvent('Submitted')
    const count = receipt.logs.filter(({ address, topics }) => address === addresses.market && topics[0] === topicHash)
    return String((receipt.gasUsed * receipt.gasPrice) / BigInt(Math.max(1, count.length)))
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
    try {
      if (workload === null) throw apiError('API_INTERNAL', `request ${public_id} is submitted and has no workload`)
      await client[act]({ workload: workload as WorkloadId, signal })
      await requests.settle(id, await this.#doneBy(act))
      this.#bell.ring()
    } catch (error) {
      if (signal.aborted) return
      const what = act === 'cancel' ? 'cancelled' : 'released'
      log.warn(`a workload could not be ${what}`, { stage: act, request: public_id, workload, error })
      // What the chain refuses stays refused; anything else is tried again at the next look.
      if (workload === null || isRefusedForGood(error))
        await requests.settle(
          id,
          act === 'cancel' ? { cancelling: false, cancelled_block: null } : { releasing: false },
        )
    }
  }

  async #doneBy(act: Act) {
    if (act === 'release') return { releasing: false }
    return { cancelling: false, cancelled_block: await newestBlock(this.#options.client.contracts) }
  }
}

/** A stored request as the client takes it. */
function wanted(request: StoredRequest): WorkloadRequest {
  return {
    program: request.program as ProgramId,
    inputs: { digest: request.inputs, publicInputs: request.public_inputs as Hex },
    ...{ fee: BigInt(request.fee), maxRunTime: request.max_run_time, redundancy: request.redundancy },
    ...{ rescue: request.rescue, inputsUri: request.inputs_uri },
    ...(request.delivery_key !== null && { deliveryKey: request.delivery_key as Hex }),
  }
}

/** The first of those that have nonces, as far as each follows the one before. */
function runOf(begun: readonly StoredRequest[]): readonly StoredRequest[] {
  const [first] = begun
  const end = begun.findIndex(({ nonce }, index) => nonce !== (first?.nonce ?? 0) + index)
  return end === -1 ? begun : begun.slice(0, end)
}

/** What can be paid together; the first one alone when that is none, so that it is told why. */
function payable(asked: readonly StoredRequest[], have: bigint): readonly StoredRequest[] {
  let left = have
  const fitting = asked.filter(({ fee }) => {
    const fits = BigInt(fee) <= left
    if (fits) left -= BigInt(fee)
    return fits
  })
  return fitting.length === 0 ? asked.slice(0, 1) : fitting
}

function feesOf(requests: readonly StoredRequest[]): bigint {
  return requests.reduce((sum, { fee }) => sum + BigInt(fee), 0n)
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
