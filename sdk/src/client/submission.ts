import { toUtf8Bytes, type TransactionReceipt } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import { decodeEvent } from '../chain/decodeEvent.js'
import type { MarketEvent } from '../chain/events.js'
import { toBytes32, ZERO_BYTES32, type Bytes32, type Hex, type ProgramId, type WorkloadId } from '../chain/hex.js'
import { TRANSACTION_LIMITS } from '../chain/transactionLimits.js'
import { readEventsBack } from '../chain/readEvents.js'
import { minimumFeeOf, readClassTerms, type ClassTerms } from '../chain/rules.js'
import { specOf, workloadIdOf, type Spec } from '../chain/spec.js'
import { unpackTerms } from '../chain/terms.js'
import type { InputsSpec } from '../content/buildInputs.js'
import type { PutProgress } from '../content/ContentStore.js'
import { parseDigest, type Digest } from '../content/digest.js'
import { inParallel } from '../content/inParallel.js'
import { putProgress } from '../content/putProgress.js'
import { chainError } from '../errors/codes/chain.js'
import { clientError } from '../errors/codes/client.js'
import { GevulotError } from '../errors/GevulotError.js'
import { checkPublicInputs } from './checkPublicInputs.js'
import { checkTerms } from './checkTerms.js'
import { checkUri } from './checkUri.js'
import { needed, type Client } from './Client.js'
import { checkFees } from './gasFees.js'
import { getBalance, type Balance } from './getBalance.js'
import { getPinnedProgram, type PinnedProgram } from './getProgram.js'
import { publishInputs, type PublishedInputs, type PublishOptions } from './publishInputs.js'
import { send, type SendOptions } from './send.js'

/** What a workload is asked for with. */
export interface WorkloadRequest {
  readonly program: Hex
  /** Files to publish in the client's store, or what was published before. */
  readonly inputs: InputsSpec | PublishedInputs
  /** Whole fee in token units; see `quote`. */
  readonly fee: bigint
  /** Seconds from the draw until commits close, 1 to 86 400. */
  readonly maxRunTime: number
  /** Ranked proofs paid for, 1 to 8; default 1. */
  readonly redundancy?: number
  /** Per cent of the run time after which every uncommitted slot is open to all, 50 to 100; default 60. */
  readonly rescue?: number
  /** Key that proofs are sealed to before they are revealed; the client's by default, none without one. */
  readonly deliveryKey?: Hex
  /** Where the inputs can be fetched; a hint, the digest alone is trusted. By default where the store says that others read, if it does. */
  readonly inputsUri?: string
}

/** A workload that was submitted. */
export interface SubmittedWorkload {
  readonly workload: WorkloadId
  readonly spec: Spec
  /** Block of the submission. */
  readonly block: number
  readonly transaction: Bytes32
  /** False when this very request had been submitted before: then nothing was sent. */
  readonly created: boolean
}

/** A request as the market takes it, but for its nonce. */
interface Prepared {
  readonly program: ProgramId
  readonly inputs: Digest
  readonly publicInputs: Bytes32
  /** Not for the market; undefined if it is not known. */
  readonly publicInputsBytes: number | undefined
  readonly deliveryKey: Bytes32
  readonly fee: bigint
  readonly maxRunTime: number
  readonly redundancy: number
  readonly rescue: number
  readonly inputsUri: string
}

type Request = Prepared & { readonly nonce: number }

/** What several requests ask of the chain, each once. */
interface Facts {
  readonly program: (id: Hex) => Promise<PinnedProgram>
  readonly terms: (hardwareClass: number) => Promise<ClassTerms>
}

const DOING = 'submitting a workload'
/** Requests of a transaction: so many cost about three million gas, a tenth of a small block. */
const MOST_IN_BATCH = 64
/** The words of so many requests are 24 KiB of a transaction. */
const MOST_URI_BYTES = TRANSACTION_LIMITS.bytes / 2
/** Inputs that are published at the same time. */
const AT_ONCE = 8
/** The market takes it for the next nonce. */
const ANY_NONCE = 2n ** 256n - 1n

/**
 * Cuts a list into what goes in one transaction each.
 * @param requests In order.
 */
export function batchesOf<Item extends { readonly uri: string }>(requests: readonly Item[]): Item[][] {
  const batches: Item[][] = []
  let bytes = 0
  for (const request of requests) {
    const more = toUtf8Bytes(request.uri).length
    const batch = batches.at(-1)
    if (batch === undefined || batch.length === MOST_IN_BATCH || bytes + more > MOST_URI_BYTES) {
      batches.push([request])
      bytes = more
    } else {
      batch.push(request)
      bytes += more
    }
  }
  return batches
}

/**
 * Submits requests with nonces that follow each other, within a turn that the caller has taken. What they submitted before is found.
 * @param nonce Of the first; by default the account's next one.
 * @param keep See {@link send}.
 */
export async function submitAll(
  client: Client,
  asked: readonly WorkloadRequest[],
  nonce: number | undefined,
  options: SendOptions & PublishOptions,
  keep: (until: Promise<unknown>) => void,
): Promise<SubmittedWorkload[]> {
  // Before anything is published.
  checkFees(options, DOING)
  const facts = factsOf(client)
  const progress = togetherOf(asked, options)
  // With a nonce they may be on the chain already, and are found there.
  if (nonce === undefined) await checkInputs(client, asked, 0, facts)
  const prepared = await inParallel(asked, AT_ONCE, (one, signal, index) => ofOne(asked, index, () => prepare(client, one, facts, signal, progress(index))), options.signal) // prettier-ignore
  const done: SubmittedWorkload[] = []
  // What the market itself says is used, where another endpoint does not know it yet.
  let used = 0
  let first = nonce
  for (;;) {
    const balance = await getBalance(client)
    used = Math.max(used, balance.nonce)
    first ??= used
    const from = first
    const requests = prepared.map((request, index) => ({ ...request, nonce: from + index }))
    const earlier = requests.slice(done.length).filter((request) => request.nonce < used)
    if (earlier.length > 0) done.push(...(await findSubmitted(client, earlier)))
    const open = requests.slice(done.length)
    if (open.length === 0) return done
    await check(open, used, balance, facts, requests)
    try {
      for (const batch of batchesOf(open.map((request) => ({ request, uri: request.inputsUri })))) {
        const sent = batch.map(({ request }) => request)
        done.push(...(await sendBatch(client, sent, requests, options, keep)))
      }
      return done
    } catch (error) {
      // An earlier attempt, whose response was lost, was mined in between.
      const want = GevulotError.is(error, 'CONTRACT_WRONG_NONCE') ? Number(error.details?.['want']) : 0
      if (want <= from + done.length) throw error
      used = want
    }
  }
}

/**
 * Refuses inputs that nobody could prove, as far as that is known before they are published.
 * @param first Place of the first that is looked at.
 * @throws GevulotError CLIENT_PUBLIC_INPUTS_TOO_LARGE, CONTRACT_UNKNOWN_PROGRAM, `CHAIN_*`
 */
export async function checkInputs(
  client: Client,
  asked: readonly Pick<WorkloadRequest, 'program' | 'inputs'>[],
  first = 0,
  facts: Pick<Facts, 'program'> = factsOf(client),
): Promise<void> {
  for (const [index, { program, inputs }] of asked.entries()) {
    if (index < first) continue
    await ofOne(asked, index, async () => checkPublicInputs(await facts.program(program), inputs))
  }
}

/**
 * Which of several requests the market would refuse now, and why; each by itself, whatever its neighbours are.
 * @returns By place in the list.
 * @throws GevulotError `CHAIN_*`, CLIENT_OPTION_MISSING
 */
export async function refusals(
  client: Client,
  asked: readonly WorkloadRequest[],
): Promise<ReadonlyMap<number, GevulotError>> {
  const facts = factsOf(client)
  const refused = new Map<number, GevulotError>()
  const prepared = await inParallel(asked, AT_ONCE, async (one, signal, index) => {
    try {
      return await prepare(client, one, facts, signal)
    } catch (error) {
      if (!(error instanceof GevulotError) || error.code.startsWith('CHAIN_RPC')) throw error
      refused.set(index, error)
      return undefined
    }
  })
  const some = prepared.flatMap((request, index) => (request === undefined ? [] : [{ request, index }]))
  if (some.length > 0) await simulate(client, some, refused)
  return refused
}

/** Sends nothing: the market tries them all in one call, and says of each that fails why in another one. */
async function simulate(
  client: Client,
  some: readonly { readonly request: Prepared; readonly index: number }[],
  refused: Map<number, GevulotError>,
): Promise<void> {
  const { market } = client.contracts
  const from = needed(client, 'account', DOING)
  const any = some.map(({ request }) => ({ ...request, nonce: ANY_NONCE }))
  try {
    const calls = any.map((request) => market.interface.encodeFunctionData('submit', [request]))
    const taken = await market.tryMany.staticCall(calls, { from })
    await Promise.all(
      some.map(async ({ index }, place) => {
        const request = any[place]
        if (taken[place] === true || request === undefined) return
        await market.submit.staticCall(request, { from }).catch((error: unknown) => {
          const reason = asChainError(error, DOING)
          if (!(reason instanceof GevulotError) || reason.code.startsWith('CHAIN_RPC')) throw reason
          refused.set(index, reason)
        })
      }),
    )
  } catch (error) {
    throw asChainError(error, DOING)
  }
}

/** One transaction, all or none. */
async function sendBatch(
  client: Client,
  batch: readonly Request[],
  all: readonly Request[],
  options: SendOptions,
  keep: (until: Promise<unknown>) => void,
): Promise<SubmittedWorkload[]> {
  const { market, addresses } = client.contracts
  const [first] = batch
  if (first === undefined) return []
  const build = () =>
    batch.length === 1 ? market.submit.populateTransaction(first) : market.submitMany.populateTransaction([...batch])
  let receipt: TransactionReceipt
  try {
    receipt = await send(client, DOING, build, options, keep)
  } catch (error) {
    if (batch.length > 1 && isOfOne(error)) {
      const refused = new Map<number, GevulotError>()
      const some = batch.map((request) => ({ request, index: request.nonce - (all[0]?.nonce ?? 0) }))
      await simulate(client, some, refused)
      const [bad] = [...refused].toSorted(([a], [b]) => a - b)
      if (bad !== undefined) throw indexed(bad[1], bad[0])
    }
    throw error
  }
  const events = new Map(
    receipt.logs.flatMap((log) => {
      const event = log.address === addresses.market ? decodeEvent(client.contracts, log) : undefined
      return event?.name === 'Submitted' ? [[unpackTerms(event.args.terms).nonce, event] as const] : []
    }),
  )
  return batch.map(({ nonce }) => {
    const event = events.get(nonce)
    if (event === undefined) throw clientError('CLIENT_WORKLOAD_UNKNOWN', `${receipt.hash} announces no workload`)
    return resultOf(client, event, true)
  })
}

/** Whether what the market refused may be one request's fault: nonces and balance are those of all. */
function isOfOne(error: unknown): error is GevulotError {
  return (
    error instanceof GevulotError &&
    error.code.startsWith('CONTRACT_') &&
    !['CONTRACT_WRONG_NONCE', 'CONTRACT_INSUFFICIENT_BALANCE'].includes(error.code)
  )
}

/** Does what concerns one request of a list: an error says which one. */
async function ofOne<Result>(all: readonly unknown[], index: number, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    throw all.length > 1 && error instanceof GevulotError ? indexed(error, index) : error
  }
}

function indexed(error: GevulotError, index: number): GevulotError {
  const { code, message, details, cause } = error
  return new GevulotError(code, error, `request ${index}: ${message}`, { details: { ...details, index }, cause })
}

/** The progress of several requests that are published at once, added up. What is published already has no bytes. */
function togetherOf(asked: readonly WorkloadRequest[], options: PublishOptions): (index: number) => PublishOptions {
  const { onProgress } = options
  if (onProgress === undefined) return () => ({})
  const all = asked.map(({ inputs }): PutProgress => ('digest' in inputs ? { stored: 0, total: 0 } : { stored: 0 }))
  const tell = putProgress({ onProgress })
  return (index) => ({
    onProgress(now) {
      all[index] = now
      const stored = all.reduce((sum, one) => sum + one.stored, 0)
      const total = all.reduce((sum, one) => sum + (one.total ?? NaN), 0)
      tell(stored, Number.isNaN(total) ? undefined : total)
    },
  })
}

function factsOf(client: Client): Facts {
  return {
    program: once((program) => getPinnedProgram(client, { program })),
    terms: once((hardwareClass) => readClassTerms(client.contracts, hardwareClass)),
  }
}

function once<Key, Value>(read: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  const known = new Map<Key, Promise<Value>>()
  return (key) => {
    const value = known.get(key) ?? read(key)
    known.set(key, value)
    return value
  }
}

async function prepare(
  client: Client,
  request: WorkloadRequest,
  facts: Facts,
  signal?: AbortSignal,
  progress: PublishOptions = {},
): Promise<Prepared> {
  const { fee, maxRunTime, redundancy = 1, rescue = 60 } = request
  checkTerms(DOING, { fee, maxRunTime, redundancy, rescue })
  const { program } = await facts.program(request.program)
  const deliveryKey = request.deliveryKey ?? client.deliveryKey?.publicKey ?? ZERO_BYTES32
  const { inputs: given } = request
  const inputs =
    'digest' in given ? given : await publishInputs(client, given, { ...(signal && { signal }), ...progress })
  return {
    program,
    inputs: parseDigest(inputs.digest),
    publicInputs: toBytes32(inputs.publicInputs, 'hash of public inputs'),
    publicInputsBytes: inputs.publicInputsBytes,
    deliveryKey: toBytes32(deliveryKey, 'delivery key'),
    ...{ fee, maxRunTime, redundancy, rescue },
    inputsUri: checkUri(request.inputsUri ?? inputs.uri ?? ''),
  }
}

/** Checks what is to be sent before anything is. */
async function check(
  open: readonly Request[],
  next: number,
  { market: have }: Balance,
  facts: Facts,
  all: readonly Request[],
): Promise<void> {
  const [first] = open
  if (first !== undefined && first.nonce > next) {
    throw contractError('WrongNonce', DOING, { have: first.nonce, want: next })
  }
  const want = open.reduce((sum, { fee }) => sum + fee, 0n)
  if (have < want) throw contractError('InsufficientBalance', DOING, { have, want })
  for (const request of open) await ofOne(all, all.indexOf(request), () => checkOne(request, facts))
}

async function checkOne(request: Request, facts: Facts): Promise<void> {
  const program = await facts.program(request.program)
  await checkPublicInputs(program, request)
  const { class: hardwareClass } = program
  const terms = await facts.terms(hardwareClass)
  if (terms.rules === 0) throw contractError('ClassClosed', DOING, { class: hardwareClass })
  const minimum = minimumFeeOf(terms, request.maxRunTime, request.redundancy)
  if (request.fee < minimum) throw contractError('FeeTooLow', DOING, { fee: request.fee, minimum })
}

/** The workloads that nonces submitted before, if they are what is asked for now. */
async function findSubmitted(client: Client, requests: readonly Request[]): Promise<SubmittedWorkload[]> {
  const requester = needed(client, 'account', DOING)
  const wanted = new Map(requests.map((request) => [request.nonce, request]))
  const found = new Map<number, SubmittedWorkload>()
  const oldest = Math.min(...wanted.keys())
  // From the newest back: nonces fall.
  search: for await (const events of readEventsBack(client.contracts, { names: ['Submitted'], requester })) {
    for (const event of events.toReversed()) {
      if (event.name !== 'Submitted') continue
      const { nonce } = unpackTerms(event.args.terms)
      const request = wanted.get(nonce)
      if (request !== undefined) found.set(nonce, asked(client, event, request))
      if (found.size === wanted.size || nonce < oldest) break search
    }
  }
  return requests.map(({ nonce }) => {
    const workload = found.get(nonce)
    if (workload !== undefined) return workload
    throw clientError('CLIENT_WORKLOAD_UNKNOWN', `nonce ${nonce} is used, but its workload is not in the events`)
  })
}

/** A workload that was submitted, if it is what is asked for. */
function asked(client: Client, event: MarketEvent<'Submitted'>, request: Request): SubmittedWorkload {
  const { nonce } = request
  const difference = differenceOf(event, request)
  if (difference === undefined) return resultOf(client, event, false)
  throw clientError('CLIENT_NONCE_USED', `nonce ${nonce} submitted another workload: ${difference} differs`, {
    details: { nonce, workload: event.args.workload, difference },
  })
}

function differenceOf({ args }: MarketEvent<'Submitted'>, request: Request): string | undefined {
  const have = { ...args, ...unpackTerms(args.terms) }
  const names = [
    'program',
    'inputs',
    'publicInputs',
    'deliveryKey',
    'fee',
    'maxRunTime',
    'redundancy',
    'rescue',
  ] as const
  return names.find((name) => have[name] !== request[name])
}

function resultOf(client: Client, { args, at }: MarketEvent<'Submitted'>, created: boolean): SubmittedWorkload {
  const { chainId, addresses } = client.contracts
  const spec = specOf(args)
  if (workloadIdOf(chainId, addresses.market, spec) !== args.workload) {
    throw chainError('CHAIN_EVENT_MALFORMED', `the spec of ${args.workload} does not hash to it`)
  }
  return { workload: args.workload, spec, block: at.block, transaction: at.transaction, created }
}
