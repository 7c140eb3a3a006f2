import { randomBytes } from 'node:crypto'
import type { ApiClient } from '../../api/createApiClient.js'
import type { Answer } from '../../api/contract/Endpoint.js'
import type { ENDPOINTS } from '../../api/contract/endpoints.js'
import { toAddress, toBytes32, toWorkloadId, ZERO_BYTES32, type WorkloadId } from '../../chain/hex.js'
import { programIdOf } from '../../chain/programIdOf.js'
import type { ReceivedDelivery } from '../../client/delivery/DeliveryInbox.js'
import { openReceived, type OpenedDelivery } from '../../client/delivery/openDeliveries.js'
import type { Verification } from '../../client/verifyProof.js'
import { runVerifier } from '../../client/verifyProofWithProgram.js'
import type { WorkloadSlot } from '../../client/Workload.js'
import type { Clock } from '../../clock.js'
import type { ContentInput, ContentSource, ContentStore, StoredContent } from '../../content/ContentStore.js'
import { parseDigest, type Digest } from '../../content/digest.js'
import type { PackageCache } from '../../content/PackageCache.js'
import type { DeliveryKey } from '../../crypto/DeliveryKey.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Runtime } from '../../runtime/Runtime.js'
import { MAX_RESULTS_BYTES } from '../protocol/bundle.js'
import type { StoredBundle } from '../store/JobBook.js'
import type { Logger } from '../../worker/log/Logger.js'
import { deliveryName, endOf, VERIFY_SECONDS, warnOfKey, type Candidate, type Order, type Requester, type SightedSlot, type Sighting, type Submission, type Terms } from '../network/Requester.js' // prettier-ignore

/** What a {@link ProxyRequester} works with. */
export interface ProxyRequesterOptions {
  /** With an API key. */
  readonly api: ApiClient
  readonly clock: Clock
  /** Who the server knows the adapter as, for log and metrics. */
  readonly account: string
  readonly chainId: number
  /** Opens what provers seal; nobody else can, the server included. */
  readonly deliveryKey: DeliveryKey
  /** Runs verifiers; where it is not there, the adapter trusts somebody else. */
  readonly runtime?: Runtime
  /** Where verifier packages and inputs are fetched from. */
  readonly source: ContentSource
  /** Keeps inputs here too, so that verifiers need not fetch them back. */
  readonly local?: ContentStore
  /** Where they are kept. */
  readonly cacheDirectory: string | PackageCache
  /** Where inputs lie while a verifier runs. */
  readonly workDirectory?: string
  readonly log: Logger
}

type Slot = Answer<(typeof ENDPOINTS)['getWorkload']>['slots'][number]

/** What the operators of adapter and server have to mend; the bundle did nothing wrong, and waits. */
const OPERATORS = ['API_UNAUTHORISED', 'API_NOT_FOUND', 'API_INTERNAL']

/** How long an allowance that was asked for is believed. */
const ALLOWANCE_MS = 5_000
/** How long a limit that was met is believed. */
const LIMIT_MS = 60_000
/** Room for the inputs of one job of the largest type. */
const LEAST_UPLOAD_BYTES = 8 * 2 ** 20
/** Sealed proofs that are remembered; one that is forgotten is fetched and opened once more. */
const MOST_NAMES = 10_000

/**
 * Pays by a proxy: an API server that submits and pays on behalf of an API key, within its limits. The Idempotency-Key of a bundle's request is durable
 * before the request is sent, so whichever side is restarted, the server finds it again and pays once. The server is believed in how far a workload
 * has come; results are checked as any others, with the verifier that the program's id names, and sealed ones open only here.
 */
export class ProxyRequester implements Requester {
  readonly clock: Clock
  readonly account: string
  readonly chainId: number
  readonly canVerify: boolean
  readonly store = { put: (content: ContentInput) => this.#put(content) }
  readonly #options: ProxyRequesterOptions
  /** Why nothing can be paid for, until when that is believed. */
  #shortage: { readonly why: string | undefined; readonly until: number } | undefined
  /** Names of sealed proofs that were opened, or null for what opens nothing; by digest and commitment. */
  readonly #names = new Map<string, string | null>()

  constructor(options: ProxyRequesterOptions) {
    this.#options = options
    this.clock = options.clock
    this.account = options.account
    this.chainId = options.chainId
    this.canVerify = options.runtime !== undefined
  }

  async shortage(signal: AbortSignal): Promise<string | undefined> {
    const now = this.clock.elapsed()
    if (this.#shortage === undefined || this.#shortage.until <= now) {
      const { requestsLeft, spendLeft, uploadLeft } = await this.#options.api.getAllowance({}, { signal })
      const used = [
        ...(requestsLeft === 0 ? ['requests'] : []),
        ...(BigInt(spendLeft) === 0n ? ['fees'] : []),
        ...(uploadLeft < LEAST_UPLOAD_BYTES ? ['content'] : []),
      ]
      const why = used.length === 0 ? undefined : `the limit of the API key for ${used.join(' and ')} is used up`
      this.#shortage = { why, until: now + ALLOWANCE_MS }
    }
    return this.#shortage.why
  }

  async quote(terms: Terms): Promise<bigint> {
    return BigInt((await this.#options.api.getQuote(terms)).minimumFee)
  }

  async submit({ bundle, isWanted, note }: Order, signal: AbortSignal): Promise<Submission> {
    const isLate = this.clock.now() > bundle.deadline
    let key = bundle.request_key
    if (key === null) {
      // Nothing is sent yet: what nobody wants any more need not be paid.
      if (!isWanted) return { kind: 'over', why: 'all of its jobs are over' }
      if (isLate) return { kind: 'over', why: 'the epoch is over' }
      key = randomBytes(16).toString('hex')
      await note({ request_key: key, delivery_key: this.#options.deliveryKey.publicKey })
    }
    try {
      const { request, state, workload, error: refusal } = await this.#request(bundle, key, signal)
      if (bundle.request !== request) await note({ request })
      if (state === 'submitted' && workload !== null) {
        const created = bundle.workload === null
        return { kind: 'submitted', workload: toWorkloadId(workload), block: null, created }
      }
      if (state === 'refused')
        return { kind: 'over', why: refusal === null ? state : `${refusal.code}: ${refusal.message}` }
      if (state === 'cancelled') return { kind: 'over', why: 'its request was cancelled' }
      if (isWanted && !isLate) return { kind: 'later' }
      const cancelled = await this.#options.api.cancelRequest({ request }, { signal })
      return cancelled.state === 'cancelled' ? { kind: 'over', why: 'nobody wants it any more' } : { kind: 'later' }
    } catch (error) {
      if (!(error instanceof GevulotError)) throw error
      // A request that is known already is answered whatever the limits: so nothing was accepted.
      if (error.code === 'API_LIMIT_REACHED') return { kind: 'short', why: this.#meetLimit(error) }
      if (error.retryable || OPERATORS.includes(error.code)) throw error
      return { kind: 'over', why: `${error.code}: ${error.message}`, error }
    }
  }

  async read(bundle: StoredBundle, signal: AbortSignal): Promise<Sighting | undefined> {
    const { api } = this.#options
    const id = bundle.workload ?? ZERO_BYTES32
    try {
      const answer = await api.getWorkload({ workload: id }, { signal })
      const slots = answer.slots.map(slotOf)
      const commits = slots.filter(({ order }) => order !== undefined).length
      const isReleasable = answer.status === 'proving' && commits >= answer.redundancy
      return { workload: toWorkloadId(id), slots, ended: endOf(answer), isReleasable }
    } catch (error) {
      if (!GevulotError.is(error, 'CLIENT_WORKLOAD_UNKNOWN')) throw error
      const { workload } = await api.getRequest({ request: bundle.request ?? '' }, { signal })
      // The same workload: an endpoint lags. Another one, or none yet: a reorg took it, and the server submits again.
      if (workload === id) throw error
      return undefined
    }
  }

  async fetchProof({ workload }: Sighting, seat: number, signal: AbortSignal): Promise<Uint8Array> {
    return (await this.#options.api.getProofBytes({ workload, seat }, { signal })).proof
  }

  async fetchRevealed(digest: Digest, signal: AbortSignal): Promise<Uint8Array> {
    return this.#options.source.get(digest, { maxBytes: MAX_RESULTS_BYTES, signal })
  }

  async deliveries(
    { request }: StoredBundle,
    sighting: Sighting,
    isRefused: (name: string) => boolean,
    signal: AbortSignal,
  ): Promise<readonly OpenedDelivery[]> {
    const { api, deliveryKey } = this.#options
    const committed = sighting.slots.filter(({ status }) => status === 'committed')
    if (committed.length === 0 || request === null) return []
    const { sealed } = await api.listSealedProofs({ request }, { signal })
    const opened: OpenedDelivery[] = []
    for (const { seat, digest } of sealed) {
      const slot = committed.find((one) => one.seat === seat)
      if (slot === undefined) continue
      const key = `${digest}/${String(slot.commitment)}`
      const known = this.#names.get(key)
      if (known === null || (known !== undefined && isRefused(known))) continue
      const received = receivedOf(sighting.workload, await api.getSealedProof({ request, digest }, { signal }))
      const found = openReceived([received], sighting, deliveryKey)
      this.#remember(key, found[0] === undefined ? null : deliveryName(found[0]))
      opened.push(...found)
    }
    return opened
  }

  async verify(bundle: StoredBundle, { proof, operator }: Candidate, signal: AbortSignal): Promise<Verification> {
    const { api, runtime, source, cacheDirectory, workDirectory } = this.#options
    if (runtime === undefined) throw aztecError('AZTEC_CONFIG_INVALID', 'running a verifier needs a runtime')
    const named = await api.getProgram({ program: bundle.program }, { signal })
    const { chainId, contracts } = await api.getNetwork({}, { signal })
    const verifierProgram = parseDigest(named.verifierProgram)
    const [verifier, market] = [toAddress(named.verifier), toAddress(contracts.market)]
    const [prover, codeHash] = [parseDigest(named.prover), toBytes32(named.codeHash)]
    const said = programIdOf({ ...named, verifierProgram, chainId, market, verifier, prover, codeHash })
    if (said !== bundle.program) {
      throw aztecError('AZTEC_PROXY_WRONG', `the server names another verifier than that of program ${bundle.program}`)
    }
    return runVerifier(
      { runtime, source },
      {
        ...{ verifierProgram, workload: toWorkloadId(bundle.workload ?? ''), prover: operator },
        ...{ proof, inputs: parseDigest(bundle.inputs), seconds: VERIFY_SECONDS, cacheDirectory, signal },
        ...(workDirectory !== undefined && { workDirectory }),
      },
    )
  }

  async release({ request }: StoredBundle, signal: AbortSignal): Promise<void> {
    // The server goes on with it by itself.
    if (request !== null) await this.#options.api.releaseRequest({ request }, { signal })
  }

  async cancel({ request }: StoredBundle, signal: AbortSignal): Promise<void> {
    // The server goes on with it by itself.
    if (request !== null) await this.#options.api.cancelRequest({ request }, { signal })
  }

  async #request(bundle: StoredBundle, idempotencyKey: string, signal: AbortSignal) {
    const { program, inputs: digest, public_inputs: publicInputs, fee, max_run_time: maxRunTime, redundancy } = bundle
    const { api, log, deliveryKey: own } = this.#options
    // The same bundle always makes the same body: with another one the server would not know it again, and it be paid twice.
    const body = { program, inputs: { digest, publicInputs }, maxRunTime, redundancy, fee }
    const deliveryKey = bundle.delivery_key ?? own.publicKey
    if (deliveryKey !== own.publicKey) warnOfKey(log, bundle)
    const { type: label, jobs } = bundle
    const account = label === null || jobs === null ? {} : { label, jobs }
    return api.submitRequest({ ...body, deliveryKey, ...account }, { idempotencyKey, signal })
  }

  async #put(content: ContentInput): Promise<StoredContent> {
    if (!(content instanceof Uint8Array)) throw new TypeError('unreachable: inputs of jobs are bytes')
    const { api, local } = this.#options
    try {
      await local?.put(content)
      return await api.putContent(content)
    } catch (error) {
      if (GevulotError.is(error, 'API_LIMIT_REACHED')) this.#meetLimit(error)
      throw error
    }
  }

  #remember(key: string, name: string | null): void {
    this.#names.set(key, name)
    const [oldest] = this.#names.keys()
    if (this.#names.size > MOST_NAMES && oldest !== undefined) this.#names.delete(oldest)
  }

  #meetLimit({ message }: GevulotError): string {
    const why = `a limit of the API key is reached (${message})`
    this.#shortage = { why, until: this.clock.elapsed() + LIMIT_MS }
    return why
  }
}

function slotOf({ seat, slot, operator, status, order, commitment, proofDigest }: Slot): SightedSlot {
  return {
    ...{ seat, slot, status: status as WorkloadSlot['status'] },
    ...(operator !== null && { operator: toAddress(operator) }),
    ...(order !== null && { order }),
    ...(commitment !== null && { commitment: BigInt(commitment) }),
    ...(proofDigest !== null && { proofDigest: parseDigest(proofDigest) }),
  }
}

function receivedOf(
  workload: WorkloadId,
  { seat, operator, sealed }: Answer<(typeof ENDPOINTS)['getSealedProof']>,
): ReceivedDelivery {
  return { workload, seat, operator: toAddress(operator), sealed: Buffer.from(sealed, 'base64') }
}
